#include "bench/lab/experiments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/lab/herd_row.h"
#include "bench/lab/hosted.h"

/*
 * X16: a device for each VM, or one for all of them. A TAP of a vif's own, with no
 * bridge of ours between the two, stands for what SR-IOV gives a VM. (What it still
 * shares with others is the backend's thread; a virtual function would not.)
 *
 * VMs send echo requests, which the host behind the device answers: a frame counts
 * when its answer is back.
 */

enum device { DEVICE_PRIVATE, DEVICE_SHARED };
static const char *const device_words[] = { "private", "shared" };

static const struct hosted_kind kinds[] = {
	[DEVICE_PRIVATE] = { .prefix = "own" },
	[DEVICE_SHARED] = { .prefix = "vm", .bridge = "shared", .uplink = true },
	{ NULL },
};

enum { VMS = HOSTED_VMS_MAX, PACED = 5000, SIZE = 64, MAC_SHARED = 100 };

struct setup {
	uint32_t device, vms, rate;
};

enum column { PPS_PER_VM = HERD_COLUMNS, PPS_PER_DEVICE, COLUMNS };

static const struct lab_column columns[] = {
	HERD_COLUMN_NAMES,
	[PPS_PER_VM] = { "pps_per_vm", 0 },
	[PPS_PER_DEVICE] = { "pps_per_device", 0 },
	{ 0 },
};

/* The address of the host behind that device. */
static uint32_t host_ip(unsigned int number)
{
	return htonl(0x0a5b0001 + (number << 8)); /* 10.91.NUMBER.1 */
}

/* A flow from that VM to the host behind that interface. */
static int lead(struct hosted *hosted, enum device device, unsigned int vm, const char *interface,
		uint8_t number, char *error)
{
	struct herd *herd = &hosted->herds[device];
	uint32_t ip = host_ip(number);
	uint8_t mac[6];
	char text[INET_ADDRSTRLEN];
	int err = hosted_set_mac(hosted, interface, number, mac, error);

	inet_ntop(AF_INET, &ip, text, sizeof(text));
	if (!err)
		err = apart_command(&hosted->apart, error, "ip addr replace %s/32 dev %s", text,
				    interface);
	if (!err)
		err = hosted_route(hosted, device, vm, interface, error);
	if (!err)
		herd_flow_echo(herd_flow(herd, vm, vm, SIZE, 0), mac, ip);
	return err;
}

/* After an idle time somebody may have forgotten where the VMs are. */
static int meet(struct hosted *hosted, enum device device, char *error)
{
	int err = herd_meet(&hosted->herds[device]);

	if (err)
		snprintf(error, LAB_ERROR_BYTES, "a VM with a %s device hears no answer",
			 device_words[device]);
	return err;
}

static int prepare(struct hosted *hosted, char *error)
{
	char tap[16];
	int err = 0;

	for (unsigned int i = 0; !err && i < VMS; i++) {
		snprintf(tap, sizeof(tap), "own%u", i);
		err = lead(hosted, DEVICE_PRIVATE, i, tap, (uint8_t)i, error);
		if (!err)
			err = lead(hosted, DEVICE_SHARED, i, "shared0", MAC_SHARED, error);
	}
	for (enum device i = DEVICE_PRIVATE; !err && i <= DEVICE_SHARED; i++)
		err = meet(hosted, i, error);
	return err;
}

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct hosted *hosted;
	int err = hosted_open(&hosted, context, VMS, kinds, error);

	if (err)
		return err;
	err = prepare(hosted, error);
	if (err)
		hosted_close(hosted);
	else
		*rig = hosted;
	return err;
}

static void tell(const struct herd *herd, const struct setup *setup, const struct herd_result *got,
		 struct lab_result *result)
{
	unsigned int devices = setup->device == DEVICE_PRIVATE ? VMS : 1;
	double *values = result->values;

	herd_row_tell(herd, got, result);
	values[PPS_PER_VM] = values[HERD_PPS] / setup->vms;
	values[PPS_PER_DEVICE] = values[HERD_PPS] / devices;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = arg;
	struct hosted *hosted = rig;
	struct herd *herd = &hosted->herds[setup->device];
	struct herd_result got;
	int err;

	herd->sleeps = setup->rate != 0;
	herd->nr_flows = setup->vms; /* they are in the order of the VMs */
	for (unsigned int i = 0; i < setup->vms; i++)
		herd->flows[i].rate = setup->rate;
	if (!hosted->silent[setup->device])
		hosted->silent[setup->device] = meet(hosted, setup->device, error) == -ETIMEDOUT;
	if (hosted->silent[setup->device])
		herd_row_tell_nothing(COLUMNS, result);
	if (hosted->silent[setup->device])
		return 0;
	err = hosted_run(hosted, setup->device, window, &got, error);
	if (err)
		return err;
	tell(herd, setup, &got, result);
	return 0;
}

static const struct lab_rig rig = {
	.name = "private devices",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = hosted_close,
};

static const struct setup setup = { .vms = 1 };

static const struct lab_sweep sweep = {
	.name = "X16",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "device", offsetof(struct setup, device), device_words },
		     { "vms", offsetof(struct setup, vms), NULL },
		     { "rate", offsetof(struct setup, rate), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 2, { DEVICE_PRIVATE, DEVICE_SHARED } },
		       { 4, { 1, 2, 4, 8 } },
		       { 2, { 0, PACED } } } } },
	.repeats = { [LAB_FULL] = 12 },
};

static struct interval ratio(const struct summaries *summaries, const char *column,
			     unsigned int vms, unsigned int rate)
{
	return interval_ratio(
		judge_at(summaries, column,
			 WHERE({ "device", DEVICE_PRIVATE }, { "vms", vms }, { "rate", rate })),
		judge_at(summaries, column,
			 WHERE({ "device", DEVICE_SHARED }, { "vms", vms }, { "rate", rate })));
}

static void judge_faster(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, ratio(summaries, "pps", 1, 0), 1.1,
		    "frames a second of one VM, its own device to the shared one");
	judge_above(judge, ratio(summaries, "pps", 8, 0), 1.1, "of 8 VMs together");
}

static void judge_wasted(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, ratio(summaries, "pps_per_device", 1, 0), 1,
		    "frames a second and device there is, one VM of 8 busy, own to shared");
}

const struct lab_experiment x16_private = {
	.number = 16,
	.title = "A device of one's own (a TAP that stands for an SR-IOV function), or a shared one",
	.hypothesis = "A private device saves the way through the bridge, and idles when its VM does.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "pps", "pps_per_device", "p50_us", "p99_us", "jain", "daemon_pct",
		     "daemon_ns_per_frame" },
	.claims = {
		{ "slides: how to share the device; Kuroda 2013, E/S privada e compartilhada",
		  "A private device is faster for its VM than a shared one.",
		  "more than 10 % more echoes a second with the TAP of one's own, for one VM and for 8",
		  judge_faster },
		{ "Kuroda 2013, E/S privada e compartilhada",
		  "Private devices are used badly: what their VM does not need is lost.",
		  "with one VM of 8 busy, a device carries less than the shared one",
		  judge_wasted },
	},
	.figures = {
		{ .name = "pps",
		  .title = "Echoes a second, as many as go through",
		  .x = "vms",
		  .y = "pps",
		  .xlabel = "VMs that are busy, of 8",
		  .ylabel = "echoes a second",
		  .series = "device",
		  .where = { { "rate", 0 } } },
		{ .name = "p50",
		  .title = "Round trip to the host behind the device, 5000 a second and VM",
		  .x = "vms",
		  .y = "p50_us",
		  .xlabel = "VMs that are busy, of 8",
		  .ylabel = "median, us",
		  .series = "device",
		  .where = { { "rate", PACED } },
		  .boxes = true },
	},
};
