#include "store/permission.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char letters[] = "nrwb"; /* indexed by access */

int permission_parse(struct permission *permission, const char *text)
{
	const char *letter = text[0] ? strchr(letters, text[0]) : NULL;
	size_t digits = letter ? strspn(text + 1, "0123456789") : 0;
	uint32_t domid = 0;

	if (digits == 0 || digits > 5 || text[1 + digits] != '\0')
		return -EINVAL;
	for (size_t i = 1; i <= digits; i++)
		domid = domid * 10 + (uint32_t)(text[i] - '0');
	if (domid > UINT16_MAX)
		return -EINVAL;
	permission->domid = (uint16_t)domid;
	permission->access = (uint16_t)(letter - letters);
	return 0;
}

void permission_format(const struct permission *permission, char text[PERMISSION_TEXT_BYTES])
{
	snprintf(text, PERMISSION_TEXT_BYTES, "%c%u", letters[permission->access & 3],
		 permission->domid);
}

static bool is_of(struct subject who, uint16_t domid)
{
	return domid == who.domid || (who.target && domid == who.target);
}

unsigned int permission_access(const struct permission *list, unsigned int nr, struct subject who)
{
	if (who.domid == 0 || is_of(who, list[0].domid))
		return PERMISSION_READ | PERMISSION_WRITE | PERMISSION_OWNER;
	for (unsigned int i = 1; i < nr; i++)
		if (is_of(who, list[i].domid))
			return list[i].access;
	return list[0].access;
}
