#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"
#include "store/server.h"
#include "store/wire.h"

/* Domain 5's home, as a toolstack makes it. */
#define HOME_5 "0 WRITE /local/domain/5| -> OK|", "0 SET_PERMS /local/domain/5|n5| -> OK|"

static const struct script nodes[] = {
	{ "a value comes back", { "0 WRITE /a|x -> OK|", "0 READ /a| -> x" } },
	{ "a value may hold NUL bytes", { "0 WRITE /a|x|y| -> OK|", "0 READ /a| -> x|y|" } },
	{ "a value may be empty", { "0 WRITE /a| -> OK|", "0 READ /a| -> " } },
	{ "write replaces",
	  { "0 WRITE /a|long -> OK|", "0 WRITE /a|s -> OK|", "0 READ /a| -> s" } },
	{ "write keeps children",
	  { "0 WRITE /a/b|x -> OK|", "0 WRITE /a|y -> OK|", "0 READ /a/b| -> x" } },
	{ "missing parents are made",
	  { "0 WRITE /a/b/c|x -> OK|", "0 READ /a/b| -> ", "0 DIRECTORY /a| -> b|" } },
	{ "names are sorted",
	  { "0 WRITE /d/b|x -> OK|", "0 WRITE /d/a|x -> OK|", "0 WRITE /d/ab|x -> OK|",
	    "0 DIRECTORY /d| -> a|ab|b|" } },
	{ "the root is there", { "0 READ /| -> ", "0 DIRECTORY /| -> ", "0 GET_PERMS /| -> n0|" } },
	{ "the root has a value", { "0 WRITE /|x -> OK|", "0 READ /| -> x" } },
	{ "a missing node",
	  { "0 READ /a| -> !ENOENT", "0 DIRECTORY /a| -> !ENOENT", "0 GET_PERMS /a| -> !ENOENT",
	    "0 SET_PERMS /a|n0| -> !ENOENT" } },
	{ "mkdir makes an empty node", { "0 MKDIR /a/b| -> OK|", "0 READ /a/b| -> " } },
	{ "mkdir of an existing node keeps its value and fires nothing",
	  { "0 WRITE /a|v -> OK|", "1 WATCH /a|t| -> OK|", "1 ! /a|t|", "0 MKDIR /a| -> OK|",
	    "0 READ /a| -> v", "1 ." } },
	{ "rm takes what is below",
	  { "0 WRITE /a/b/c|x -> OK|", "0 RM /a/b| -> OK|", "0 READ /a/b/c| -> !ENOENT",
	    "0 DIRECTORY /a| -> " } },
	{ "rm of a missing node with a parent",
	  { "0 MKDIR /a| -> OK|", "1 WATCH /a|t| -> OK|", "1 ! /a|t|", "0 RM /a/b| -> OK|",
	    "1 ." } },
	{ "rm without a parent", { "0 RM /a/b| -> !ENOENT" } },
	{ "rm of the root", { "0 RM /| -> !EINVAL", "2 RM /| -> !EINVAL" } },
	{ "a relative path starts at home",
	  { "0 WRITE x/y|v -> OK|", "0 READ /local/domain/0/x/y| -> v" } },
	{ "a guest's relative path",
	  { HOME_5, "2 WRITE x|v -> OK|", "0 READ /local/domain/5/x| -> v" } },
	{ "bad paths",
	  { "0 READ | -> !EINVAL", "0 READ //| -> !EINVAL", "0 READ /a/| -> !EINVAL",
	    "0 READ a//b| -> !EINVAL", "0 READ /a.b| -> !EINVAL", "0 READ /a b| -> !EINVAL",
	    "0 READ @releaseDomain| -> !EINVAL" } },
	{ "a path without its NUL",
	  { "0 READ /a -> !EINVAL", "0 WRITE /a -> !EINVAL", "0 READ -> !EINVAL" } },
	{ "more than a path",
	  { "0 READ /|x| -> !EINVAL", "0 MKDIR /a|b -> !EINVAL", "0 RM /a|b| -> !EINVAL" } },
	{ "directory_part: generation, names, an empty name",
	  { "0 WRITE /d/a|x -> OK|", "0 WRITE /d/bc|x -> OK|", "0 DIRECTORY_PART /d|0| -> 3|a|bc||",
	    "0 DIRECTORY_PART /d|2| -> 3|bc||", "0 DIRECTORY_PART /d|3| -> 3|c||",
	    "0 DIRECTORY_PART /d|5| -> 3||", "0 DIRECTORY_PART /d|99| -> 3||" } },
	{ "directory_part: the generation changes with the list, not with what is below",
	  { "0 WRITE /d/a|x -> OK|", "0 DIRECTORY_PART /d|0| -> 2|a||", "0 WRITE /d/a|y -> OK|",
	    "0 DIRECTORY_PART /d|0| -> 2|a||", "0 RM /d/a| -> OK|",
	    "0 DIRECTORY_PART /d|0| -> 4||" } },
	{ "directory_part: bad offsets",
	  { "0 DIRECTORY_PART /|x| -> !EINVAL", "0 DIRECTORY_PART /| -> !EINVAL",
	    "0 DIRECTORY_PART /|0 -> !EINVAL", "0 DIRECTORY_PART /|-1| -> !EINVAL" } },
};

static const struct script watches[] = {
	{ "an event at once, also for a missing path",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "0 ." } },
	{ "the same path and token twice",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "0 WATCH /a|t| -> !EEXIST", "0 WATCH /a|u| -> OK|",
	    "0 ! /a|u|", "1 WATCH /a|t| -> OK|", "1 ! /a|t|" } },
	{ "unwatch",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "0 UNWATCH /a|t| -> OK|", "0 WRITE /a|x -> OK|",
	    "0 ." } },
	{ "unwatch of an unknown one",
	  { "0 UNWATCH /a|t| -> !ENOENT", "0 WATCH /a|t| -> OK|", "0 ! /a|t|",
	    "0 UNWATCH /a|u| -> !ENOENT", "1 UNWATCH /a|t| -> !ENOENT" } },
	{ "bad watches",
	  { "0 WATCH /a/|t| -> !EINVAL", "0 WATCH /a|t -> !EINVAL", "0 WATCH /a| -> !EINVAL",
	    "0 WATCH @x.y|t| -> !EINVAL", "0 UNWATCH /a| -> !EINVAL" } },
	{ "the path that changed is told",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "1 WRITE /a/b/c|x -> OK|", "0 ! /a/b/c|t|", "0 .",
	    "1 WRITE /a/b|x -> OK|", "0 ! /a/b|t|", "1 WRITE /ab|x -> OK|", "0 ." } },
	{ "a new deep path fires once, the deepest",
	  { "0 WATCH /|t| -> OK|", "0 ! /|t|", "1 WRITE /a/b/c|x -> OK|", "0 ! /a/b/c|t|",
	    "0 ." } },
	{ "a new deep path does not concern a watch on a middle one alone",
	  { "0 WATCH /a/b|t| -> OK|", "0 ! /a/b|t|", "1 MKDIR /a/b/c| -> OK|", "0 ! /a/b/c|t|",
	    "0 ." } },
	{ "the same value fires",
	  { "0 WRITE /a|x -> OK|", "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "1 WRITE /a|x -> OK|",
	    "0 ! /a|t|" } },
	{ "one's own changes fire",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "0 WRITE /a|x -> OK|", "0 ! /a|t|", "0 ." } },
	{ "set_perms fires",
	  { "0 WRITE /a|x -> OK|", "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "1 SET_PERMS /a|r0| -> OK|",
	    "0 ! /a|t|" } },
	{ "removing a parent: each its own path",
	  { "0 WRITE /a/b/c|x -> OK|", "0 WATCH /a|1| -> OK|", "0 ! /a|1|",
	    "0 WATCH /a/b/c|3| -> OK|", "0 ! /a/b/c|3|", "0 WATCH /a/b|2| -> OK|", "0 ! /a/b|2|",
	    "0 WATCH /|0| -> OK|", "0 ! /|0|", "1 RM /a| -> OK|", "0 ! /a|1|", "0 ! /a/b/c|3|",
	    "0 ! /a/b|2|", "0 ! /a|0|", "0 ." } },
	{ "removing a parent: a watch on what was not there",
	  { "0 WRITE /a/b|x -> OK|", "0 WATCH /a/c|t| -> OK|", "0 ! /a/c|t|", "1 RM /a| -> OK|",
	    "0 ." } },
	{ "a relative watch is told relative paths",
	  { HOME_5, "2 WATCH x|t| -> OK|", "2 ! x|t|", "2 WRITE x/y|v -> OK|", "2 ! x/y|t|",
	    "2 WRITE /local/domain/5/x|v -> OK|", "2 ! x|t|", "0 RM /local/domain/5| -> OK|",
	    "2 ! x|t|", "2 ." } },
	{ "an absolute watch is told absolute paths",
	  { HOME_5, "2 WATCH /local/domain/5/x|t| -> OK|", "2 ! /local/domain/5/x|t|",
	    "2 WRITE x|v -> OK|", "2 ! /local/domain/5/x|t|" } },
	{ "what the watcher cannot read fires nothing",
	  { "0 WRITE /a|x -> OK|", "2 WATCH /a|t| -> OK|", "2 ! /a|t|", "0 WRITE /a|y -> OK|",
	    "0 WRITE /a/b|y -> OK|", "0 RM /a| -> OK|", "2 ." } },
	{ "removal of what the watcher could read fires",
	  { "0 WRITE /a/b|x -> OK|", "0 SET_PERMS /a/b|n0|r5| -> OK|", "2 WATCH /a/b|t| -> OK|",
	    "2 ! /a/b|t|", "0 RM /a| -> OK|", "2 ! /a/b|t|", "2 ." } },
	{ "a node that becomes readable fires",
	  { "0 WRITE /a|x -> OK|", "2 WATCH /a|t| -> OK|", "2 ! /a|t|",
	    "0 SET_PERMS /a|n0|r5| -> OK|", "2 ! /a|t|", "2 ." } },
	{ "reset drops watches and transactions",
	  { "0 WATCH /a|t| -> OK|", "0 ! /a|t|", "0 START | -> 1|", "0 RESET_WATCHES | -> OK|",
	    "0 WRITE /a|x -> OK|", "0 .", "0/1 READ /a| -> !ENOENT", "0 WATCH /a|t| -> OK|",
	    "0 ! /a|t|" } },
	{ "reset within a transaction",
	  { "0 START | -> 1|", "0/1 WRITE /a|x -> OK|", "0/1 RESET_WATCHES | -> OK|",
	    "0 READ /a| -> !ENOENT" } },
	{ "domains come and go",
	  { "0 WATCH @introduceDomain|i| -> OK|", "0 ! @introduceDomain|i|",
	    "0 WATCH @releaseDomain|r| -> OK|", "0 ! @releaseDomain|r|", "+7",
	    "0 ! @introduceDomain|i|", "0 .", "-7", "0 ! @releaseDomain|r|", "0 .", "-7", "0 ." } },
	{ "a guest does not learn of domains",
	  { "2 WATCH @introduceDomain|i| -> OK|", "2 ! @introduceDomain|i|", "+7", "2 ." } },
	{ "a guest that may learn of domains",
	  { "0 GET_PERMS @introduceDomain| -> n0|", "0 SET_PERMS @introduceDomain|n0|r5| -> OK|",
	    "2 WATCH @introduceDomain|i| -> OK|", "2 ! @introduceDomain|i|", "+7",
	    "2 ! @introduceDomain|i|", "2 SET_PERMS @introduceDomain|n5| -> !EACCES",
	    "2 GET_PERMS @introduceDomain| -> !EACCES",
	    "0 GET_PERMS @introduceDomain| -> n0|r5|" } },
	{ "the root's watch is not told of domains",
	  { "0 WATCH /|t| -> OK|", "0 ! /|t|", "+7", "0 ." } },
};

static const struct script transactions[] = {
	{ "ids start at 1 on each connection",
	  { "0 START | -> 1|", "0 START | -> 2|", "1 START | -> 1|" } },
	{ "start inside one", { "0 START | -> 1|", "0/1 START | -> !EBUSY" } },
	{ "an unknown id",
	  { "0/1 READ /| -> !ENOENT", "0/1 END T| -> !ENOENT", "0/7 WATCH /a|t| -> !ENOENT" } },
	{ "another connection's id",
	  { "0 START | -> 1|", "1/1 READ /| -> !ENOENT", "1/1 END T| -> !ENOENT",
	    "0/1 END T| -> OK|" } },
	{ "an id is gone after the end",
	  { "0 START | -> 1|", "0/1 END T| -> OK|", "0/1 END T| -> !ENOENT" } },
	{ "end outside of one", { "0 END T| -> !ENOENT" } },
	{ "end with anything but T or F",
	  { "0 START | -> 1|", "0/1 END X| -> !EINVAL", "0/1 END | -> !EINVAL",
	    "0/1 END T -> !EINVAL", "0/1 END TF| -> !EINVAL", "0/1 END F| -> OK|" } },
	{ "writes are unseen until the commit",
	  { "0 START | -> 1|", "0/1 WRITE /a|x -> OK|", "0/1 READ /a| -> x",
	    "1 READ /a| -> !ENOENT", "0 READ /a| -> !ENOENT", "0/1 END T| -> OK|",
	    "1 READ /a| -> x" } },
	{ "abort leaves nothing and fires nothing",
	  { "1 WATCH /a|t| -> OK|", "1 ! /a|t|", "0 START | -> 1|", "0/1 WRITE /a|x -> OK|",
	    "0/1 END F| -> OK|", "0 READ /a| -> !ENOENT", "1 ." } },
	{ "events come with the commit, in order",
	  { "1 WATCH /|t| -> OK|", "1 ! /|t|", "0 START | -> 1|", "0/1 WRITE /b|x -> OK|",
	    "0/1 WRITE /a/c|x -> OK|", "1 .", "0/1 END T| -> OK|", "1 ! /b|t|", "1 ! /a/c|t|",
	    "1 ." } },
	{ "a snapshot stays",
	  { "0 WRITE /a|old -> OK|", "0 START | -> 1|", "1 WRITE /a|new -> OK|",
	    "0/1 READ /a| -> old" } },
	{ "conflict: a node read was written",
	  { "0 WRITE /a|x -> OK|", "0 START | -> 1|", "0/1 READ /a| -> x", "1 WRITE /a|x -> OK|",
	    "0/1 WRITE /b|y -> OK|", "0/1 END T| -> !EAGAIN", "0 READ /b| -> !ENOENT",
	    "0/1 END T| -> !ENOENT" } },
	{ "conflict: a node written was written",
	  { "0 WRITE /a|x -> OK|", "0 START | -> 1|", "0/1 WRITE /a|1 -> OK|",
	    "1 WRITE /a|2 -> OK|", "0/1 END T| -> !EAGAIN", "0 READ /a| -> 2" } },
	{ "conflict: a missing node read was made",
	  { "0 START | -> 1|", "0/1 READ /a| -> !ENOENT", "1 WRITE /a|x -> OK|",
	    "0/1 END T| -> !EAGAIN" } },
	{ "conflict: a node read was removed",
	  { "0 WRITE /a/b|x -> OK|", "0 START | -> 1|", "0/1 READ /a/b| -> x", "1 RM /a| -> OK|",
	    "0/1 END T| -> !EAGAIN" } },
	{ "conflict: a list read has grown",
	  { "0 MKDIR /a| -> OK|", "0 START | -> 1|", "0/1 DIRECTORY /a| -> ",
	    "1 WRITE /a/b|x -> OK|", "0/1 END T| -> !EAGAIN" } },
	{ "conflict: permissions of a node read",
	  { "0 MKDIR /a| -> OK|", "0 START | -> 1|", "0/1 GET_PERMS /a| -> n0|",
	    "1 SET_PERMS /a|r0| -> OK|", "0/1 END T| -> !EAGAIN" } },
	{ "conflict: written below what was removed",
	  { "0 WRITE /a/b/c|x -> OK|", "0 START | -> 1|", "0/1 RM /a| -> OK|",
	    "1 WRITE /a/b/c|y -> OK|", "0/1 END T| -> !EAGAIN", "0 READ /a/b/c| -> y" } },
	{ "conflict: two commits",
	  { "0 WRITE /a|x -> OK|", "0 START | -> 1|", "1 START | -> 1|", "0/1 WRITE /a|0 -> OK|",
	    "1/1 WRITE /a|1 -> OK|", "0/1 END T| -> OK|", "1/1 END T| -> !EAGAIN",
	    "0 READ /a| -> 0" } },
	{ "unrelated writes do not conflict",
	  { "0 WRITE /a|x -> OK|", "0 WRITE /b|x -> OK|", "0 START | -> 1|", "0/1 READ /a| -> x",
	    "0/1 WRITE /a|1 -> OK|", "1 WRITE /b|2 -> OK|", "1 WRITE /c/d|3 -> OK|",
	    "0/1 END T| -> OK|", "0 READ /a| -> 1", "0 READ /b| -> 2", "0 READ /c/d| -> 3" } },
	{ "a write below a node written does not conflict",
	  { "0 WRITE /a/b|x -> OK|", "0 START | -> 1|", "0/1 WRITE /a|1 -> OK|",
	    "1 WRITE /a/b|y -> OK|", "0/1 END T| -> OK|", "0 READ /a| -> 1",
	    "0 READ /a/b| -> y" } },
	{ "merged: creation, removal, permissions",
	  { "0 WRITE /a/x|1 -> OK|", "0 WRITE /b/y|2 -> OK|", "0 WRITE /c|3 -> OK|",
	    "0 START | -> 1|", "0/1 WRITE /a/n/m|4 -> OK|", "0/1 RM /b/y| -> OK|",
	    "0/1 SET_PERMS /a/x|r0| -> OK|", "1 WRITE /c|5 -> OK|", "0/1 END T| -> OK|",
	    "0 DIRECTORY /a| -> n|x|", "0 READ /a/n/m| -> 4", "0 READ /b/y| -> !ENOENT",
	    "0 GET_PERMS /a/x| -> r0|", "0 READ /c| -> 5", "0 READ /a/x| -> 1" } },
	{ "merged: removed and made anew",
	  { "0 WRITE /a/old|1 -> OK|", "0 WRITE /c|3 -> OK|", "0 START | -> 1|",
	    "0/1 RM /a| -> OK|", "0/1 WRITE /a/new|2 -> OK|", "1 WRITE /c|4 -> OK|",
	    "0/1 END T| -> OK|", "0 DIRECTORY /a| -> new|" } },
	{ "merged: made and removed again",
	  { "0 WRITE /c|3 -> OK|", "0 START | -> 1|", "0/1 WRITE /a|1 -> OK|", "0/1 RM /a| -> OK|",
	    "1 WRITE /c|4 -> OK|", "0/1 END T| -> OK|", "0 READ /a| -> !ENOENT",
	    "0 READ /c| -> 4" } },
	{ "an error within leaves the transaction usable",
	  { "0 START | -> 1|", "0/1 RM /| -> !EINVAL", "0/1 WRITE /a|x -> OK|", "0/1 END T| -> OK|",
	    "0 READ /a| -> x" } },
	{ "the end of a domain ends open transactions",
	  { "+5", HOME_5, "0 START | -> 1|", "0/1 SET_PERMS /local/domain/5|n5|r6| -> OK|", "-5",
	    "0/1 END T| -> !EAGAIN", "0 READ /local/domain/5| -> !ENOENT" } },
};

static const struct script permissions[] = {
	{ "the default is the first entry's",
	  { "0 WRITE /a|x -> OK|", "2 READ /a| -> !EACCES", "0 SET_PERMS /a|r0| -> OK|",
	    "2 READ /a| -> x", "2 WRITE /a|y -> !EACCES", "0 SET_PERMS /a|w0| -> OK|",
	    "2 READ /a| -> !EACCES", "2 WRITE /a|y -> OK|", "0 SET_PERMS /a|b0| -> OK|",
	    "2 READ /a| -> y", "2 WRITE /a|z -> OK|" } },
	{ "an entry wins over the default",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|b0|n5|r6| -> OK|", "2 READ /a| -> !EACCES",
	    "2 WRITE /a|y -> !EACCES", "4 READ /a| -> x", "4 WRITE /a|y -> !EACCES" } },
	{ "the owner may all",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|n5| -> OK|", "2 READ /a| -> x",
	    "2 WRITE /a|y -> OK|", "4 READ /a| -> !EACCES" } },
	{ "children inherit",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|n0|r5|b6| -> OK|", "0 WRITE /a/b/c|y -> OK|",
	    "0 GET_PERMS /a/b| -> n0|r5|b6|", "0 GET_PERMS /a/b/c| -> n0|r5|b6|" } },
	{ "a guest owns what it makes",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|n0|b5|r6| -> OK|", "2 MKDIR /a/b/c| -> OK|",
	    "0 GET_PERMS /a/b| -> n5|b5|r6|", "0 GET_PERMS /a/b/c| -> n5|b5|r6|",
	    "4 READ /a/b/c| -> " } },
	{ "domain 0 leaves what it makes to the owner",
	  { HOME_5, "0 WRITE /local/domain/5/a|x -> OK|",
	    "0 GET_PERMS /local/domain/5/a| -> n5|" } },
	{ "what is below the unreadable is not to be known",
	  { "0 WRITE /a/b|x -> OK|", "2 READ /a| -> !EACCES", "2 READ /a/b| -> !EACCES",
	    "2 READ /a/none| -> !EACCES", "2 READ /none| -> !EACCES",
	    "2 DIRECTORY /a/none| -> !EACCES", "2 GET_PERMS /a/none| -> !EACCES",
	    "2 RM /a/none| -> !EACCES", "2 WRITE /a/none|x -> !EACCES",
	    "2 MKDIR /a/none/b| -> !EACCES", "2 SET_PERMS /a/none|n5| -> !EACCES" } },
	{ "below the readable a missing node is missing",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|r0| -> OK|", "2 READ /a/none| -> !ENOENT",
	    "2 WRITE /a/none|x -> !EACCES" } },
	{ "a readable node below the unreadable",
	  { "0 WRITE /a/b|x -> OK|", "0 SET_PERMS /a/b|r0| -> OK|", "2 READ /a/b| -> x" } },
	{ "set_perms by another than the owner",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|b0| -> OK|", "2 SET_PERMS /a|b5| -> !EACCES",
	    "2 SET_PERMS /a|r0| -> !EACCES" } },
	{ "a guest's change of owner",
	  { HOME_5, "2 SET_PERMS /local/domain/5|n6| -> !EPERM",
	    "2 SET_PERMS /local/domain/5|r5|w6| -> OK|",
	    "2 GET_PERMS /local/domain/5| -> r5|w6|" } },
	{ "bad permissions",
	  { "0 MKDIR /a| -> OK|", "0 SET_PERMS /a|x0| -> !EINVAL", "0 SET_PERMS /a|r| -> !EINVAL",
	    "0 SET_PERMS /a|r65536| -> !EINVAL", "0 SET_PERMS /a|r0x1| -> !EINVAL",
	    "0 SET_PERMS /a|r-1| -> !EINVAL", "0 SET_PERMS /a| -> !EINVAL",
	    "0 SET_PERMS /a|r0 -> !EINVAL", "0 SET_PERMS /a|r0|| -> !EINVAL",
	    "0 GET_PERMS /a| -> n0|", "0 SET_PERMS /a|r65535| -> OK|",
	    "0 GET_PERMS /a| -> r65535|" } },
	{ "rm needs the node's own permission",
	  { "0 WRITE /a|x -> OK|", "0 SET_PERMS /a|r0| -> OK|", "2 RM /a| -> !EACCES",
	    "0 SET_PERMS /a|w0| -> OK|", "2 RM /a| -> OK|", "0 READ /a| -> !ENOENT" } },
	{ "toolstack's operations by a guest",
	  { "2 INTRODUCE 7|1|1| -> !EACCES", "2 RELEASE 7| -> !EACCES", "2 RESUME 7| -> !EACCES",
	    "2 SET_TARGET 7|8| -> !EACCES", "2 CONTROL check| -> !EACCES" } },
	{ "toolstack's operations by domain 0",
	  { "0 INTRODUCE 7|1|1| -> !ENOSYS", "0 CONTROL check| -> !ENOSYS" } },
	{ "unknown, removed and odd types",
	  { "0 RESTRICT 5| -> !ENOSYS", "0 HOLE | -> !ENOSYS", "0 EVENT /a|t| -> !ENOSYS",
	    "0 ERROR x| -> !ENOSYS", "0/9 RESTRICT 5| -> !ENOSYS", "0 READ /| -> " } },
	{ "domain paths",
	  { "0 GET_DOMAIN_PATH 7| -> /local/domain/7|",
	    "2 GET_DOMAIN_PATH 007| -> /local/domain/7|", "0 GET_DOMAIN_PATH x| -> !EINVAL",
	    "0 GET_DOMAIN_PATH 70000| -> !EINVAL", "0 GET_DOMAIN_PATH | -> !EINVAL" } },
	{ "which domains are there",
	  { "0 IS_DOMAIN_INTRODUCED 7| -> F|", "+7", "0 IS_DOMAIN_INTRODUCED 7| -> T|", "-7",
	    "0 IS_DOMAIN_INTRODUCED 7| -> F|", "2 IS_DOMAIN_INTRODUCED 0| -> T|",
	    "0 IS_DOMAIN_INTRODUCED 7 -> !EINVAL" } },
	{ "a domain's end: its nodes and its permissions go",
	  { "+5", HOME_5, "2 WRITE data|x -> OK|", "0 WRITE /b|x -> OK|",
	    "0 SET_PERMS /b|n0|r5|w6| -> OK|", "0 WRITE /c/d/e|x -> OK|",
	    "0 SET_PERMS /c/d|r5| -> OK|", "0 WATCH /c|t| -> OK|", "0 ! /c|t|", "-5", "0 ! /c/d|t|",
	    "0 READ /local/domain/5| -> !ENOENT", "0 GET_PERMS /b| -> n0|w6|",
	    "0 READ /c/d/e| -> !ENOENT", "0 READ /c| -> ", "+5", "2 READ data| -> !EACCES",
	    "2 READ /b| -> !EACCES" } },
	{ "a domain's end: the root is nobody's to take",
	  { "+5", "0 SET_PERMS /|b5|r6| -> OK|", "-5", "0 GET_PERMS /| -> n0|r6|" } },
	{ "a domain's end: others' homes stay",
	  { "+5", HOME_5, "0 WRITE /local/domain/50|x -> OK|", "-5",
	    "0 DIRECTORY /local/domain| -> 50|" } },
};

static void run_all(const struct script *scripts, size_t nr)
{
	static const unsigned int cuts[] = { 0, 1, 7 };

	for (size_t c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++)
		for (size_t i = 0; i < nr; i++)
			script_run(&scripts[i], cuts[c]);
}

#define SCRIPTS_TEST(table)                                       \
	static void test_##table(void **state)                    \
	{                                                         \
		(void)state;                                      \
		run_all(table, sizeof(table) / sizeof(table[0])); \
	}

SCRIPTS_TEST(nodes)
SCRIPTS_TEST(watches)
SCRIPTS_TEST(transactions)
SCRIPTS_TEST(permissions)

/* A connection of the tests that are no scripts. */
struct talk {
	struct store_server *server;
	struct store_connection *connection;
	unsigned int told;
};

static void told(void *arg)
{
	((struct talk *)arg)->told++;
}

static void talk_start(struct talk *talk, uint16_t domid)
{
	talk->server = store_server_create();
	assert_non_null(talk->server);
	talk->connection = store_server_open(talk->server, domid, told, talk);
	assert_non_null(talk->connection);
	talk->told = 0;
}

static int say(struct talk *talk, uint32_t type, uint32_t tx_id, const void *payload, size_t length)
{
	struct wire_buffer buffer = { 0 };
	struct wire_message message = {
		.type = type, .tx_id = tx_id, .length = (uint32_t)length, .payload = payload
	};
	int rc;

	assert_int_equal(wire_append(&buffer, &message), 0);
	rc = store_server_input(talk->connection, buffer.bytes, wire_buffer_length(&buffer));
	wire_buffer_fini(&buffer);
	return rc;
}

/* Asks, takes the answer and all events off, and says whether the answer was
 * `expected` (an error's name, or "OK"). */
static void expect_answer(struct talk *talk, uint32_t type, uint32_t tx_id, const void *payload,
			  size_t length, const char *expected)
{
	const void *bytes;

	assert_int_equal(say(talk, type, tx_id, payload, length), 0);
	assert_true(store_server_output(talk->connection, &bytes) >= WIRE_HEADER_BYTES);
	assert_string_equal((const char *)bytes + WIRE_HEADER_BYTES, expected);
	store_server_sent(talk->connection, SIZE_MAX);
}

static void give_home(struct talk *talk, uint16_t domid)
{
	struct talk toolstack = { .server = talk->server };
	char path[64];
	int length;

	toolstack.connection = store_server_open(talk->server, 0, NULL, NULL);
	assert_non_null(toolstack.connection);
	length = snprintf(path, sizeof(path), "/local/domain/%u", domid);
	expect_answer(&toolstack, XS_MKDIR, 0, path, (size_t)length + 1, "OK");
	length = snprintf(path, sizeof(path), "/local/domain/%u%cn%u", domid, 0, domid);
	expect_answer(&toolstack, XS_SET_PERMS, 0, path, (size_t)length + 1, "OK");
	store_server_close(toolstack.connection);
}

static void test_too_long_a_payload_ends_that_connection_only(void **state)
{
	static const struct xsd_sockmsg header = { .type = XS_READ, .len = WIRE_PAYLOAD_BYTES + 1 };
	struct store_connection *other;
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	other = store_server_open(talk.server, 0, NULL, NULL);
	assert_int_equal(store_server_input(talk.connection, &header, sizeof(header)), -EPROTO);
	assert_true(store_server_has_failed(talk.connection));
	store_server_close(talk.connection);
	talk.connection = other;
	expect_answer(&talk, XS_MKDIR, 0, "/a", 3, "OK");
	store_server_destroy(talk.server);
}

static void test_the_longest_payload_is_served(void **state)
{
	char payload[WIRE_PAYLOAD_BYTES] = "/a";
	struct talk talk;
	const void *bytes;

	(void)state;
	talk_start(&talk, 0);
	memset(payload + 3, 'v', sizeof(payload) - 3);
	expect_answer(&talk, XS_WRITE, 0, payload, sizeof(payload), "OK");
	assert_int_equal(say(&talk, XS_READ, 0, "/a", 3), 0);
	assert_int_equal(store_server_output(talk.connection, &bytes), WIRE_HEADER_BYTES + 4093);
	store_server_destroy(talk.server);
}

static void test_path_lengths(void **state)
{
	static const struct {
		const char *name;
		char first;
		size_t length;
		const char *answer;
	} cases[] = {
		{ "longest absolute", '/', 3072, "OK" },
		{ "too long absolute", '/', 3073, "EINVAL" },
		{ "longest relative", 'a', 2048, "OK" },
		{ "too long relative", 'a', 2049, "EINVAL" },
	};
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[4000];

		print_message("%s\n", cases[i].name);
		memset(path, 'a', sizeof(path));
		path[0] = cases[i].first;
		path[cases[i].length] = '\0';
		expect_answer(&talk, XS_MKDIR, 0, path, cases[i].length + 1, cases[i].answer);
	}
	store_server_destroy(talk.server);
}

static void test_a_deep_path(void **state)
{
	char path[3073];
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	for (size_t i = 0; i < 3072; i++)
		path[i] = i % 2 ? 'd' : '/';
	path[3072] = '\0';
	expect_answer(&talk, XS_WRITE, 0, path, sizeof(path), "OK");
	expect_answer(&talk, XS_WRITE, 0, path, sizeof(path), "OK");
	expect_answer(&talk, XS_RM, 0, "/d", 3, "OK");
	store_server_destroy(talk.server);
}

static void test_output_is_told_and_taken_in_parts(void **state)
{
	struct talk talk;
	const void *bytes;
	size_t length;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(say(&talk, XS_MKDIR, 0, "/a", 3), 0);
	assert_int_equal(talk.told, 1);
	length = store_server_output(talk.connection, &bytes);
	assert_int_equal(length, WIRE_HEADER_BYTES + 3);
	store_server_sent(talk.connection, 5);
	assert_int_equal(store_server_output(talk.connection, &bytes), length - 5);
	store_server_sent(talk.connection, length - 5);
	assert_int_equal(store_server_output(talk.connection, &bytes), 0);
	store_server_destroy(talk.server);
}

static void test_a_client_that_never_reads_harms_itself_only(void **state)
{
	struct talk talk;
	struct store_connection *other;
	const void *bytes;
	int rc = 0;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	other = store_server_open(talk.server, 5, NULL, NULL);
	for (int i = 0; rc == 0 && i < 1000000; i++)
		rc = say(&talk, XS_GET_DOMAIN_PATH, 0, "5", 2);
	assert_int_equal(rc, -EPROTO);
	assert_true(store_server_output(talk.connection, &bytes) <= 1024 * 1024);
	store_server_close(talk.connection);
	talk.connection = other;
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_events_alone_can_fail_a_connection(void **state)
{
	struct talk talk, writer;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_WATCH, 0, "a\0t", 4, "OK");
	writer = (struct talk){ .server = talk.server };
	writer.connection = store_server_open(talk.server, 0, NULL, NULL);
	for (int i = 0; !store_server_has_failed(talk.connection) && i < 1000000; i++)
		expect_answer(&writer, XS_WRITE, 0, "/local/domain/5/a\0x", 19, "OK");
	assert_true(store_server_has_failed(talk.connection));
	expect_answer(&writer, XS_WRITE, 0, "/local/domain/5/a\0x", 19, "OK");
	assert_int_equal(say(&talk, XS_READ, 0, "a", 2), -EPROTO);
	store_server_destroy(talk.server);
}

static void test_quota_node_bytes(void **state)
{
	/* 8 bytes for the one entry of permissions. */
	static const struct {
		const char *name;
		uint16_t domid;
		size_t length;
		const char *answer;
	} cases[] = {
		{ "a guest's largest value", 5, 2040, "OK" },
		{ "one byte more", 5, 2041, "ENOSPC" },
		{ "domain 0 is free of it", 0, 3000, "OK" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char payload[WIRE_PAYLOAD_BYTES] = "a";
		struct talk talk;

		print_message("%s\n", cases[i].name);
		talk_start(&talk, cases[i].domid);
		give_home(&talk, cases[i].domid);
		expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
		expect_answer(&talk, XS_WRITE, 0, payload, cases[i].length + 2, cases[i].answer);
		expect_answer(&talk, XS_RM, 0, "a", 2, "OK");
		expect_answer(&talk, XS_WRITE, 0, payload, cases[i].length + 2, cases[i].answer);
		store_server_destroy(talk.server);
	}
}

/* Makes nodes d<i>/<j> until one is refused; how many there are then. */
static int make_nodes(struct talk *talk, uint32_t tx_id)
{
	const void *bytes;
	int made = 0;

	for (int i = 0; i < 2000; i++) {
		char path[32];
		int length = snprintf(path, sizeof(path), "d%d/%d", i / 50, i % 50);
		bool refused;

		assert_int_equal(say(talk, XS_MKDIR, tx_id, path, (size_t)length + 1), 0);
		store_server_output(talk->connection, &bytes);
		refused = !strcmp((const char *)bytes + WIRE_HEADER_BYTES, "ENOSPC");
		store_server_sent(talk->connection, SIZE_MAX);
		if (refused)
			return made;
		made += 1 + (i % 50 == 0);
	}
	return made;
}

static void test_quota_nodes(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5); /* a node of its own: the first */
	assert_int_equal(make_nodes(&talk, 0), 999);
	expect_answer(&talk, XS_RM, 0, "d0", 3, "OK");
	expect_answer(&talk, XS_MKDIR, 0, "again", 6, "OK");
	store_server_destroy(talk.server);
}

static void test_quota_nodes_in_transactions(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_MKDIR, 0, "b", 2, "OK");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "1");
	expect_answer(&talk, XS_MKDIR, 1, "b/x", 4, "OK");
	assert_int_equal(make_nodes(&talk, 0), 998);
	expect_answer(&talk, XS_TRANSACTION_END, 1, "T", 2, "ENOSPC");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "2");
	expect_answer(&talk, XS_MKDIR, 2, "b/x", 4, "ENOSPC");
	expect_answer(&talk, XS_RM, 2, "d0", 3, "OK");
	expect_answer(&talk, XS_MKDIR, 2, "b/x", 4, "OK");
	expect_answer(&talk, XS_TRANSACTION_END, 2, "T", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_quota_transaction_memory(void **state)
{
	struct talk talk;
	const void *bytes;
	bool refused = false;
	char path[1024];

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "1");
	for (int i = 0; i < 1000 && !refused; i++) {
		snprintf(path, 16, "x%04d", i);
		path[5] = 'y';
		assert_int_equal(say(&talk, XS_READ, 1, path, sizeof(path)), 0);
		store_server_output(talk.connection, &bytes);
		refused = !strcmp((const char *)bytes + WIRE_HEADER_BYTES, "ENOSPC");
		store_server_sent(talk.connection, SIZE_MAX);
	}
	assert_true(refused);
	expect_answer(&talk, XS_TRANSACTION_END, 1, "T", 2, "OK");
	store_server_destroy(talk.server);
}

/* Over all connections of the domain. */
static void test_quota_watches_and_transactions(void **state)
{
	struct talk talk, second;
	char payload[16];

	(void)state;
	talk_start(&talk, 5);
	second = (struct talk){ .server = talk.server };
	second.connection = store_server_open(talk.server, 5, NULL, NULL);
	for (int i = 0; i < 128; i++) {
		int length = snprintf(payload, sizeof(payload), "a%c%d", 0, i);

		expect_answer(i % 2 ? &talk : &second, XS_WATCH, 0, payload, (size_t)length + 1,
			      "OK");
	}
	expect_answer(&talk, XS_WATCH, 0, "b\0t", 4, "E2BIG");
	expect_answer(&talk, XS_UNWATCH, 0, "b\0t", 4, "ENOENT");
	for (int i = 0; i < 10; i++)
		assert_int_equal(say(i % 2 ? &talk : &second, XS_TRANSACTION_START, 0, "", 1), 0);
	store_server_sent(talk.connection, SIZE_MAX);
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "ENOSPC");
	store_server_close(second.connection);
	expect_answer(&talk, XS_WATCH, 0, "b\0t", 4, "OK");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "6");
	store_server_destroy(talk.server);
}

static void test_quota_permissions(void **state)
{
	static const char five[] = "a\0n5\0r1\0r2\0r3\0r4";
	static const char six[] = "a\0n5\0r1\0r2\0r3\0r4\0r6";
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	expect_answer(&talk, XS_SET_PERMS, 0, five, sizeof(five), "OK");
	expect_answer(&talk, XS_SET_PERMS, 0, six, sizeof(six), "ENOSPC");
	store_server_destroy(talk.server);
}

/* A directory longer than a message, read in parts. */
static void test_long_directory(void **state)
{
	struct talk talk;
	const void *bytes;
	size_t offset = 0, length;
	unsigned int names = 0;

	(void)state;
	talk_start(&talk, 0);
	for (int i = 0; i < 1000; i++) {
		char path[32];
		int n = snprintf(path, sizeof(path), "/d/name-%d", i);

		expect_answer(&talk, XS_MKDIR, 0, path, (size_t)n + 1, "OK");
	}
	expect_answer(&talk, XS_DIRECTORY, 0, "/d", 3, "E2BIG");
	for (;;) {
		char payload[32];
		int n = snprintf(payload, sizeof(payload), "/d%c%zu", 0, offset);
		const char *at, *end;

		assert_int_equal(say(&talk, XS_DIRECTORY_PART, 0, payload, (size_t)n + 1), 0);
		length = store_server_output(talk.connection, &bytes);
		assert_true(length <= WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES);
		end = (const char *)bytes + length;
		at = (const char *)bytes + WIRE_HEADER_BYTES;
		for (at += strlen(at) + 1; at < end && *at; at += strlen(at) + 1, names++)
			offset += strlen(at) + 1;
		if (at < end)
			break;
		store_server_sent(talk.connection, SIZE_MAX);
	}
	assert_int_equal(names, 1000);
	store_server_destroy(talk.server);
}

static void test_release_of_a_domain_that_never_came(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	give_home(&talk, 5);
	store_server_release(talk.server, 5);
	expect_answer(&talk, XS_READ, 0, "/local/domain/5", 16, "ENOENT");
	store_server_release(talk.server, 0);
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_introduce_twice(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	assert_int_equal(store_server_introduce(talk.server, 5), -EEXIST);
	store_server_release(talk.server, 5);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	store_server_destroy(talk.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_too_long_a_payload_ends_that_connection_only),
		cmocka_unit_test(test_the_longest_payload_is_served),
		cmocka_unit_test(test_path_lengths),
		cmocka_unit_test(test_a_deep_path),
		cmocka_unit_test(test_output_is_told_and_taken_in_parts),
		cmocka_unit_test(test_a_client_that_never_reads_harms_itself_only),
		cmocka_unit_test(test_events_alone_can_fail_a_connection),
		cmocka_unit_test(test_quota_node_bytes),
		cmocka_unit_test(test_quota_nodes),
		cmocka_unit_test(test_quota_nodes_in_transactions),
		cmocka_unit_test(test_quota_transaction_memory),
		cmocka_unit_test(test_quota_watches_and_transactions),
		cmocka_unit_test(test_quota_permissions),
		cmocka_unit_test(test_long_directory),
		cmocka_unit_test(test_introduce_twice),
		cmocka_unit_test(test_release_of_a_domain_that_never_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
