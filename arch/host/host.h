/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as a Linux process: physical memory is one mapping, links are TAP devices and packet
 * sockets, the console is the terminal, and starting a payload means saying what would be started.
 */
#ifndef ARCH_HOST_HOST_H
#define ARCH_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>
#include "arch/host/prefault.h"
#include "config/limits.h"
#include "core/boot.h"
#include "core/machine.h"
#include "net/addr.h"

struct net;

#define HOST_RAM_START	MEM_LOW /* physical address of the first byte of our memory */
#define HOST_MEMORY_MIB 1024u	/* unless --memory says otherwise; costs what is used */
#define HOST_MEMORY_MAX (1u << 20)
#define HOST_OUT_MAX	4096
#define HOST_KEY_EOF_US 100000 /* at the end of input a Ctrl-D is typed so often */

enum host_link { HOST_TAP, HOST_PACKET };

struct host_options {
	struct {
		enum host_link kind;
		const char *name; /* of the interface, as the kernel knows it */
		bool has_mac;
		struct mac mac;
	} link[NETDEV_MAX];
	unsigned nlinks;
	unsigned memory_mib;
	bool verbose;
	bool has_seed;
	uint64_t seed;
	const char *save;	 /* directory for what was fetched; NULL: nowhere */
	const char *script_file; /* NULL: none */
	int text; /* argv from here on is a line of script; argc when there is none */
};

struct host {
	struct host_options opt;
	struct machine *m; /* whose keyboard and links idle() watches */
	struct net *net;
	uint64_t start_ns;
	uint8_t *ram;
	uint64_t ram_size;
	struct prefault prefault;
	uint64_t seed; /* of what entropy() gives when there is one */
	char out[HOST_OUT_MAX];
	unsigned nout;
	bool is_tty;
	bool eof; /* nothing more will be typed */
	uint64_t eof_due_us;
};

extern const struct platform host_platform; /* ctx: struct host * */

/* Parses the command line; exits when it makes no sense, and for --help and --version. */
void host_options(struct host_options *o, int argc, char **argv);

/* Makes the memory and starts the clock; false, and errno, when there is not so much. */
bool host_init(struct host *h);
/* Writes what was printed to standard output. */
void host_flush(struct host *h);
/* Says what is wrong on standard error and exits with status 2. */
_Noreturn void host_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* -- terminal: arch/host/term.c -- */

/* Keys come as they are typed, if standard input is a terminal; whether it is. */
bool term_raw(void);
/* As it was; also from signal handlers and at exit. */
void term_restore(void);
/* From now on signals that end programs only make this true, its number; 0 before. */
void term_catch(void);
int term_signal(void);

/* -- links -- */

/* Each adds a link to the net; both exit with advice when the kernel does not allow it. */
void tap_add(struct net *net, const char *name, const struct mac *mac);
void packet_add(struct net *net, const char *name, const struct mac *mac);

/* -- what a boot comes to: arch/host/save.c -- */

/* Prints what would be started now. */
void host_report(struct host *h, const struct boot_request *req);
/* Writes all complete images into the directory; false and a message when that fails. */
bool host_save_images(struct host *h, const char *dir);
/* Carries out the moves, then writes what the kernel would find: boot.initrd, boot.cmdline. */
bool host_save_boot(struct host *h, const struct boot_request *req, const char *dir);

#endif
