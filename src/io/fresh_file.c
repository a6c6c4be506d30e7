#include "io/fresh_file.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

static void name(char fresh[PATH_MAX], const char *path)
{
	snprintf(fresh, PATH_MAX, "%s.new", path);
}

int fresh_file_open(FILE **file, const char *path)
{
	char fresh[PATH_MAX];

	name(fresh, path);
	*file = fopen(fresh, "we");
	return *file ? 0 : -errno;
}

int fresh_file_replace(FILE *file, const char *path)
{
	int err = ferror(file) ? -EIO : 0;
	char fresh[PATH_MAX];

	name(fresh, path);
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(fresh, path))
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}
