/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the two halves of the supervisor share: supervise.c decides what
 * happens when, guest.c knows how a guest is started and what it has said.
 */
#ifndef LAB_SUPERVISE_H
#define LAB_SUPERVISE_H

#include "frames.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	EXIT_TIME_LIMIT = 124,  /* as timeout(1) */
	EXIT_LAB = 125,         /* not the command failed but the guest */
	BOOTS = 4,              /* as often is a guest started that dies at once */
	CONSOLE_KEPT = 65536,   /* bytes */
	CONSOLE_LINES = 40,
	LINE_MAX_KEPT = 65536,
};

struct guest {
	const char *name;
	int number;         /* in a pair: 1 server, 2 client; else 0 */
	pid_t qemu;
	int port;           /* frames */
	int console;
	char **command;     /* ends with NULL */
	bool ready;
	bool exited;        /* the command has; status is valid */
	int status;
	size_t in_used;
	char in[2 * (FRAME_HEAD + FRAME_DATA_MAX)];
	size_t line_used;   /* a server's unfinished line */
	char line[LINE_MAX_KEPT];
	size_t console_used;
	char console_text[CONSOLE_KEPT];
};

/* supervise.c */
void emit(int fd, const char *data, size_t length);
_Noreturn void finish(int status);

/* guest.c */
void guest_boot(struct guest *g, char **qemu, int wire);
void guest_start_command(struct guest *g);
bool console_read(struct guest *g); /* false: nothing (more) there */
bool console_has(struct guest *g, const char *text);
void console_show(struct guest *g);
void emit_prefixed(struct guest *g, const char *data, size_t length);
void emit_prefixed_end(struct guest *g);

#endif
