#include "bench/lab/output.h"

#include <errno.h>
#include <stdarg.h>

enum { NAME_BYTES = 128, PATH_BYTES = 4096 };

FILE *output_create(const char *directory, const char *format, ...)
{
	char name[NAME_BYTES], path[PATH_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return fopen(path, "we");
}

int output_close(FILE *file)
{
	int bad = ferror(file);

	return fclose(file) || bad ? -EIO : 0;
}
