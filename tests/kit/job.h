/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs and their streams, as kit/job.rs and kit/stream.rs have them, for the programs in C
 * and C++.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 64
#define ANSWER 128
/* More than a send takes at once, if rings are small. */
#define PIECE (1u << 20)
#define PERIOD 65521
#define APART 257

/* How far it is. */
struct job {
	unsigned int id, stream, theirs;
	unsigned long long length, sent, received;
	/* Where the first wrong byte is, or -1. */
	long long wrong;
	/* Once that direction has ended. */
	char sending[48], receiving[48];
};

/* What a stream has from a position on, PIECE bytes at most. */
static inline const unsigned char *content(unsigned int stream, unsigned long long position)
{
	static unsigned char all[PIECE + PERIOD];
	uint32_t state = 1;
	size_t i;

	if (!all[0]) {
		for (i = 0; i < PERIOD; i++) {
			state = state * 1664525u + 1013904223u;
			all[i] = (unsigned char)(state >> 24);
		}
		for (; i < sizeof(all); i++)
			all[i] = all[i - PERIOD];
	}
	return all + (position + stream * APART) % PERIOD;
}

/* From a head or an argument; 0 when it is neither. */
static inline int begin_job(struct job *job, const char *head, int connects)
{
	unsigned long long sent, answered;
	char text[HEAD + 1] = "";

	memcpy(text, head, strnlen(head, HEAD));
	memset(job, 0, sizeof(*job));
	job->wrong = -1;
	if (sscanf(text, "%u %llu %llu", &job->id, &sent, &answered) != 3)
		return 0;
	job->stream = connects ? job->id : job->id + ANSWER;
	job->theirs = connects ? job->id + ANSWER : job->id;
	job->length = connects ? sent : answered;
	return 1;
}

/* What is to be sent next; its length is 0 at the end. */
static inline const unsigned char *next_piece(const struct job *job, size_t *length)
{
	unsigned long long rest = job->length - job->sent;

	*length = rest < PIECE ? (size_t)rest : PIECE;
	return content(job->stream, job->sent);
}

/* Compares what came, PIECE bytes at most. */
static inline void came(struct job *job, const unsigned char *bytes, size_t length)
{
	const unsigned char *expected = content(job->theirs, job->received);
	size_t i;

	if (job->wrong < 0 && memcmp(bytes, expected, length)) {
		for (i = 0; bytes[i] == expected[i]; i++)
			;
		job->wrong = (long long)(job->received + i);
	}
	job->received += length;
}

static inline void report(const struct job *job)
{
	printf("%u sent %llu %s received %llu %s\n", job->id, job->sent,
	       *job->sending ? job->sending : "unfinished", job->received,
	       *job->receiving ? job->receiving : "unfinished");
	fflush(stdout);
}

static inline int has_ended(const struct job *job)
{
	return *job->sending && *job->receiving;
}

static inline void say_how(char *end, const char *good, int error)
{
	const char *name = error == ECONNRESET ? "ECONNRESET" : error == EPIPE ? "EPIPE" : NULL;

	if (!error)
		snprintf(end, 48, "%s", good);
	else if (name)
		snprintf(end, 48, "error:%s", name);
	else
		snprintf(end, 48, "error:%d", error);
}

/* That direction has ended, with an error number or 0. A report when both have. */
static inline void sending_ended(struct job *job, int error)
{
	say_how(job->sending, "done", error);
	if (has_ended(job))
		report(job);
}

static inline void receiving_ended(struct job *job, int error)
{
	char wrong[48];

	snprintf(wrong, sizeof(wrong), "wrong@%lld", job->wrong);
	say_how(job->receiving, job->wrong < 0 ? "end" : wrong, error);
	if (has_ended(job))
		report(job);
}
