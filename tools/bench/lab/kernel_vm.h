/*
 * A VM with a kernel's network stack: splitvif-front and its namespaces, in which
 * nothing runs until somebody enters them.
 */
#ifndef LAB_KERNEL_VM_H
#define LAB_KERNEL_VM_H

#include <stdbool.h>
#include <sys/types.h>

#include "bench/lab/experiment.h"
#include "bench/relay_daemon.h"

struct kernel_vm {
	pid_t front;   /* -1: none */
	pid_t command; /* a process within */
	int stop_fd;   /* closed: it ends */
	int cpu;
};

struct kernel_vm_config {
	const char *name, *ip; /* "10.80.0.1/24" */
	unsigned int mtu;
	int cpu;
	unsigned int eth0_mtu; /* what its kernel believes the device to take; 0: the same */
};

/* Connected when this returns. 0, or -errno with a line. */
int kernel_vm_start(struct kernel_vm *vm, const struct relay_daemon *daemon,
		    const struct kernel_vm_config *config, char error[LAB_ERROR_BYTES]);
void kernel_vm_stop(struct kernel_vm *vm);

/* Runs fn(arg) as a process of the VM's, on its processor; its exit status is what
 * fn returns. The process, or -errno. */
pid_t kernel_vm_run(const struct kernel_vm *vm, int (*fn)(void *arg), void *arg);

#endif
