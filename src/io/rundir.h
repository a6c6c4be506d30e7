/*
 * Where the sockets of a running splitvif lie.
 *
 * SPLITVIF_RUNDIR if it is set; else /run/splitvif if that is ours, or if it is
 * not there and we could make it; else $XDG_RUNTIME_DIR/splitvif; else
 * $TMPDIR/splitvif-UID (/tmp without TMPDIR). Daemon, frontend and tools ask
 * here, so that they meet. Being uid 0 counts for nothing: in a user namespace
 * everybody can be, and /run is what tells.
 */
#ifndef IO_RUNDIR_H
#define IO_RUNDIR_H

#include <stddef.h>

enum { RUNDIR_PATH_BYTES = 108 }; /* what a struct sockaddr_un holds, NUL included */

/* The path of `file` in the run directory, or of the directory itself if file
 * is NULL. Nothing is made. 0, or -ENAMETOOLONG: it does not fit into `size`
 * (RUNDIR_PATH_BYTES for a socket); `path` then holds the cut beginning, for
 * the message. */
int rundir_path(char *path, size_t size, const char *file);

/* Makes the directory if it is missing: 0755 below /run, 0700 elsewhere. 0, or
 * -errno: -EPERM it is somebody else's, -ENOTDIR. */
int rundir_create(void);

/* Connects to the socket `file` there; SOCK_CLOEXEC is added to `type`, and
 * -errno comes back as connect(2) says it (-ENOENT, -ECONNREFUSED: nobody
 * listens). The path goes to `path` for messages. The descriptor or -errno. */
int rundir_connect(char path[RUNDIR_PATH_BYTES], const char *file, int type);

/* The same in a directory that the caller names; NULL: in the run directory. */
int rundir_connect_in(char path[RUNDIR_PATH_BYTES], const char *dir, const char *file, int type);

#endif
