/* What a herd of the laboratory sends: frames that bridges, kernels and the herd
 * itself understand, and nothing that it would take for its own by mistake. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "bench/lab/herd_frame.h"
#include "bridge/csum.h"
#include "bridge/headers.h"

enum { IP_AT = 14, SIZE = 100 };

struct sent {
	struct herd_flow flow;
	uint8_t bytes[SIZE];
	struct iovec part;
	struct splitvif_frame frame;
};

/* From VM 3 of herd 2 to VM 5; to a host at 10.91.0.1 if it is to be an echo. */
static void send_one(struct sent *sent, bool echo)
{
	static const uint8_t host[6] = { 2, 0, 0, 0, 0, 9 };
	static struct herd herd;
	struct herd_stamp stamp = { .flow = 7, .number = 123456789012, .due_ns = 42 };

	memset(&herd, 0, sizeof(herd));
	herd.number = 2;
	herd.nr_vms = 6;
	for (unsigned int i = 0; i < herd.nr_vms; i++) {
		herd_mac(&herd, i, herd.vms[i].mac);
		herd.vms[i].ip = herd_ip(&herd, i);
	}
	sent->flow = *herd_flow(&herd, 3, 5, SIZE, 1000);
	if (echo)
		herd_flow_echo(&sent->flow, host, htonl(0x0a5b0001));
	memset(sent->bytes, 0xa5, sizeof(sent->bytes)); /* whatever the page had */
	sent->part = (struct iovec){ sent->bytes, SIZE };
	sent->frame = (struct splitvif_frame){ .parts = &sent->part, .nr_parts = 1 };
	herd_frame_write(&sent->flow, &stamp, &sent->frame);
}

static void datagrams_are_whole(void **state)
{
	static const uint8_t from[6] = { 2, 0x73, 0x76, 0x4c, 2, 4 };
	static const uint8_t to[6] = { 2, 0x73, 0x76, 0x4c, 2, 6 };
	struct sent sent;
	const uint8_t *ip = sent.bytes + IP_AT;

	send_one(&sent, false);
	assert_int_equal(sent.frame.length, SIZE);
	assert_memory_equal(sent.bytes, to, 6);
	assert_memory_equal(sent.bytes + 6, from, 6);
	assert_int_equal(get16(ip + IPV4_TOTAL_AT), SIZE - IP_AT);
	assert_int_equal(csum_fold(csum_add(0, ip, IPV4_BYTES)), 0);
	assert_int_equal(get32(ip + IPV4_ADDRESSES_AT), 0x0a5a0205);	 /* 10.90.2.5 */
	assert_int_equal(get32(ip + IPV4_ADDRESSES_AT + 4), 0x0a5a0207); /* 10.90.2.7 */
	assert_int_equal(get16(ip + IPV4_BYTES + UDP_LENGTH_AT), SIZE - IP_AT - IPV4_BYTES);
}

static void echoes_have_a_checksum(void **state)
{
	struct sent sent;
	const uint8_t *ip = sent.bytes + IP_AT;

	send_one(&sent, true);
	assert_int_equal(sent.flow.to, sent.flow.from);
	assert_int_equal(ip[IPV4_PROTOCOL_AT], IPPROTO_ICMP);
	assert_int_equal(get32(ip + IPV4_ADDRESSES_AT + 4), 0x0a5b0001);
	assert_int_equal(csum_fold(csum_add(0, ip, IPV4_BYTES)), 0);
	assert_int_equal(ip[IPV4_BYTES], 8);
	assert_int_equal(csum_fold(csum_add(0, ip + IPV4_BYTES, SIZE - IP_AT - IPV4_BYTES)), 0);
}

static void stamps_come_back(void **state)
{
	struct herd_stamp stamp;
	struct sent sent;

	for (unsigned int echo = 0; echo < 2; echo++) {
		send_one(&sent, echo);
		assert_true(herd_frame_read(&sent.frame, &stamp));
		assert_int_equal(stamp.flow, 7);
		assert_int_equal(stamp.number, 123456789012);
		assert_int_equal(stamp.due_ns, 42);
	}
}

static void others_are_not_ours(void **state)
{
	struct herd_stamp stamp;
	struct sent sent;

	send_one(&sent, false);
	sent.frame.length = HERD_FRAME_MIN - 1;
	assert_false(herd_frame_read(&sent.frame, &stamp));
	send_one(&sent, false);
	sent.part.iov_len = HERD_FRAME_MIN - 1;
	assert_false(herd_frame_read(&sent.frame, &stamp));
	send_one(&sent, false);
	sent.bytes[13] = 6; /* ARP */
	assert_false(herd_frame_read(&sent.frame, &stamp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_whole),
		cmocka_unit_test(echoes_have_a_checksum),
		cmocka_unit_test(stamps_come_back),
		cmocka_unit_test(others_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
