/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program that connects, writes and ends, in a way that its arguments say:
 * `writer KEY=VALUE…`. It knows nothing of SMC. What it does is in writer.c, how
 * it writes in writing.c, how it ends in ending.c.
 *
 * It tells on standard error: `kind K DOMAIN/PROTOCOL` and `wrote K BYTES SUM`
 * for connection K, `closed MICROSECONDS`, and what else has happened.
 */
#include <stdio.h>

#define MOST 64

/* A connection: what was written is counted and summed up (FNV-1a). */
struct connection {
	int fd;
	FILE *stream;
	long written;
	unsigned long long sum;
	/* Makes the content. */
	unsigned long long state;
};

extern struct connection connections[MOST];
extern int count;

/* The value of an argument; what it is when not given. */
const char *value(const char *key, const char *otherwise);
int is(const char *key, const char *wanted);

/* A line on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *what);
/* Until nobody holds the other end of standard input. */
void wait_until_told(void);

/* The content, as `write=` says. */
void write_all(void);
/* What is done to the sockets, as `act=` says. */
void act(void);
/* The end, as `then=` says; returns when main shall return. */
void end(void);
