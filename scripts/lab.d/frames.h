/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What travels between whoever has a command run elsewhere (supervise.c, tests/kit) and
 * the agent that runs it (agent.c): frames of one type byte, a 32-bit little-endian
 * payload length and the payload. docs/lab.md says when which is sent.
 */
#ifndef LAB_FRAMES_H
#define LAB_FRAMES_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum frame_type {
	/* from the agent */
	FRAME_READY = 'R',     /* set up, waiting for a command */
	FRAME_STDOUT = 'O',    /* bytes the command wrote */
	FRAME_STDERR = 'E',
	FRAME_EXIT = 'X',      /* payload: one byte, the command's status */
	FRAME_ALL_GONE = 'G',  /* after FRAME_TERM: no process is left */
	/* to the agent */
	FRAME_START = 'S',     /* payload: NUL-ended strings: directory, number
	                        * of variables, variables, command, arguments */
	FRAME_TERM = 'T',      /* end every process */
};

enum {
	FRAME_HEAD = 5,
	FRAME_DATA_MAX = 16384,     /* of FRAME_STDOUT and FRAME_STDERR */
	FRAME_START_MAX = 4 << 20,  /* arguments and environment, bytes */
	END_MS = 10000,             /* what SIGTERM is given; a caller may then give up */
	KILL_MS = 1000,             /* after that, until SIGKILL; and what this is given */
};

static inline void frame_head(unsigned char *head, enum frame_type type, uint32_t length)
{
	head[0] = (unsigned char)type;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(length >> (8 * i));
}

static inline uint32_t frame_length(const unsigned char *head)
{
	return (uint32_t)head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 |
	       (uint32_t)head[4] << 24;
}

/* Writes everything; -1 with errno when the other side is gone. */
static inline int write_all(int fd, const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		ssize_t n = write(fd, at, length);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static inline int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
