/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program that moves what a connection brings with splice(2), in the way that its
 * arguments say: `mover KEY=VALUE...`. It knows nothing of SMC. What it does is in
 * mover.c, how it moves in moving.c, what splice refuses in refusals.c.
 */
#include "../kit/job.h"

/* The value of an argument; what it is when not given. */
const char *value(const char *key, const char *otherwise);
long number(const char *key, long otherwise);
int is(const char *key, const char *wanted);
_Noreturn void fail(const char *what);

/* Where data goes through. */
struct way {
	int from;
	int pipe[2];
	/* A socket, or -1: then somebody reads the pipe. */
	int into;
};

/* Moves until the end, counts what came. `end`, or an error's name. */
const char *move_all(const struct way *way, unsigned long long *moved);

/* Prints what the calls say that TCP refuses or does in part. */
void print_refusals(int connection);
