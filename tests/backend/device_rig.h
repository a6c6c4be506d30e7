/*
 * A device before its control thread, which is the test: a real store, a worker
 * with its thread, the toolstack, and a guest that writes what it is told to.
 */
#ifndef TESTS_BACKEND_DEVICE_RIG_H
#define TESTS_BACKEND_DEVICE_RIG_H

#include "support/unit.h"

#include "backend/device.h"
#include "backend/guest.h"
#include "backend/toolstack.h"
#include "store/server.h"

enum { DOMID = 1 };

#define BACKEND "/local/domain/0/backend/vif/1/0"
#define FRONTEND "/local/domain/1/device/vif/0"
#define ERROR_NODE "/local/domain/0/error/backend/vif/1/0/error"

struct rig {
	struct world world;
	struct guest guest;
	struct networks networks;
	struct store_server *server;
	struct store_client *dom0, *domu, *stranger;
	struct devices *devices;
	struct toolstack toolstack;
	bool domain_is_there;
};

extern const struct domain_info domain;

struct rig *rig_open(void);
/* With scripts, which that one runs. */
struct rig *rig_open_with(struct hotplug *hotplug);
void rig_close(struct rig *rig);
/* With an honest frontend, connected. */
struct rig *connected_rig(void);

/* What the control thread would do by itself. */
void settle(struct rig *rig);

/* By the toolstack: one vif of the guest. */
void create_vif(struct rig *rig, struct hypercall_vif_created *created);
struct device *device(struct rig *rig);

/* A key's value as domain 0 reads it; NULL: it is not there. */
void check_key(struct rig *rig, const char *path, const char *expected);
/* The backend's. */
void check_state(struct rig *rig, const char *expected);

/* A frontend's key; NULL removes it. */
void put(struct rig *rig, const char *key, const char *value);
void put_number(struct rig *rig, const char *key, uint32_t value);
/* With what follows from it. */
void put_state(struct rig *rig, const char *state);
/* All that an honest one writes before it says Connected. */
void put_keys(struct rig *rig);
void reset_rings(struct rig *rig);

/* A frame is answered: it is not only called connected. */
void check_carries(struct rig *rig);
/* Another life of the frontend, an honest one, connects. */
void check_comes_back(struct rig *rig);

#endif
