#include "frontend/probe.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { AT_TYPE = 12, AT_FIELDS = 14, FIELDS_BYTES = 24, AT_CRC = AT_FIELDS + FIELDS_BYTES };

uint32_t probe_fill(uint8_t *frame, uint32_t size)
{
	uint32_t word = size;

	for (uint32_t i = PROBE_FRAME_MIN; i < size; i++) {
		word = word * 1664525u + 1013904223u;
		frame[i] = (uint8_t)(word >> 24);
	}
	return (uint32_t)crc32(0, frame + PROBE_FRAME_MIN, size - PROBE_FRAME_MIN);
}

void probe_write(uint8_t *frame, const struct probe *probe, uint32_t filler_crc)
{
	uint8_t *fields = frame + AT_FIELDS;
	uint32_t crc;

	memcpy(frame, probe->dst, 6);
	memcpy(frame + 6, probe->src, 6);
	frame[AT_TYPE] = PROBE_ETHERTYPE >> 8;
	frame[AT_TYPE + 1] = PROBE_ETHERTYPE & 0xff;
	memcpy(fields, &probe->kind, 2);
	memset(fields + 2, 0, 2);
	memcpy(fields + 4, &probe->run, 4);
	memcpy(fields + 8, &probe->sequence, 8);
	memcpy(fields + 16, &probe->stamp_ns, 8);
	crc = (uint32_t)crc32(filler_crc, fields, FIELDS_BYTES);
	memcpy(frame + AT_CRC, &crc, 4);
}

int probe_read(struct probe *probe, const uint8_t *frame, uint32_t size)
{
	const uint8_t *fields = frame + AT_FIELDS;
	uint32_t crc;

	if (size < 14 || frame[AT_TYPE] != PROBE_ETHERTYPE >> 8 ||
	    frame[AT_TYPE + 1] != (PROBE_ETHERTYPE & 0xff))
		return -ENOMSG;
	if (size < PROBE_FRAME_MIN)
		return -EBADMSG;
	memcpy(probe->dst, frame, 6);
	memcpy(probe->src, frame + 6, 6);
	memcpy(&probe->kind, fields, 2);
	memcpy(&probe->run, fields + 4, 4);
	memcpy(&probe->sequence, fields + 8, 8);
	memcpy(&probe->stamp_ns, fields + 16, 8);
	memcpy(&crc, frame + AT_CRC, 4);
	if (crc != (uint32_t)crc32(crc32(0, frame + PROBE_FRAME_MIN, size - PROBE_FRAME_MIN),
				   fields, FIELDS_BYTES))
		return -EBADMSG;
	return 0;
}
