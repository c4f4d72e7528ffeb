/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The first process of a guest, once its root file system is in place: tells
 * the host that it is ready, runs the one command it is sent, passes on what
 * that writes and how it ended. Stays until the host ends the guest, so that
 * whatever the command left running in the background goes on.
 */
#define _GNU_SOURCE
#include "frames.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int port;

/* Shown on the console, which the host prints when a guest ends unexpectedly. */
static void die(const char *what)
{
	fprintf(stderr, "lab: guest agent: %s: %s\n", what, strerror(errno));
	exit(1); /* the end of process 1 is a kernel panic, and that of QEMU */
}

static void send_frame(enum frame_type type, const void *data, uint32_t length)
{
	static unsigned char frame[FRAME_HEAD + FRAME_DATA_MAX];
	frame_head(frame, type, length);
	if (length > 0)
		memcpy(frame + FRAME_HEAD, data, length);
	if (write_all(port, frame, FRAME_HEAD + length) < 0)
		die("writing to the host");
}

static void read_exactly(void *into, size_t length)
{
	char *at = into;
	while (length > 0) {
		ssize_t n = read(port, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("reading from the host");
		at += n;
		length -= (size_t)n;
	}
}

/* The next NUL-ended string of the payload. */
static char *next_string(char **at, char *end)
{
	char *string = *at;
	char *stop = memchr(string, 0, (size_t)(end - string));
	if (!stop) {
		errno = EBADMSG;
		die("start frame");
	}
	*at = stop + 1;
	return string;
}

/* Becomes the command; only returns an exit status, when it cannot. */
static int become(char *payload, uint32_t length)
{
	char *at = payload, *end = payload + length;
	char *directory = next_string(&at, end);
	long variables = strtol(next_string(&at, end), NULL, 10);
	char **argv = calloc(length + 1, sizeof(char *));
	int argc = 0;

	if (!argv || clearenv() != 0) {
		fprintf(stderr, "lab: %s\n", strerror(errno));
		return 125;
	}
	for (; variables > 0; variables--)
		putenv(next_string(&at, end));
	while (at < end)
		argv[argc++] = next_string(&at, end);

	if (chdir(directory) < 0) {
		fprintf(stderr, "lab: in the guest: %s: %s\n", directory, strerror(errno));
		return 125;
	}
	execvp(argv[0], argv);
	int error = errno;
	fprintf(stderr, "lab: in the guest: %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

static pid_t start(char *payload, uint32_t length, int out, int err)
{
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child > 0)
		return child;

	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	/* The limits of an ordinary login; the kernel's own hard limit for
	 * process 1 is 4096 descriptors, too few for a load test. */
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1048576 };
	setrlimit(RLIMIT_NOFILE, &files);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(125);
	if (null > 2)
		close(null);
	_exit(become(payload, length));
}

/* Passes on some of what is there; what is left wakes poll() again. */
static size_t pass_on(int from, enum frame_type type, size_t most)
{
	static char data[FRAME_DATA_MAX];
	ssize_t n = read(from, data, most < sizeof(data) ? most : sizeof(data));
	if (n <= 0)
		return 0;
	send_frame(type, data, (uint32_t)n);
	return (size_t)n;
}

/* Passes on what is in the pipe now and no more: a background process may go
 * on writing for ever. */
static void drain(int from, enum frame_type type)
{
	int there = 0;
	if (ioctl(from, FIONREAD, &there) < 0)
		return;
	for (size_t left = (size_t)there; left > 0;) {
		size_t passed = pass_on(from, type, left);
		if (passed == 0)
			return;
		left -= passed;
	}
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/vport0p1";
	unsigned char head[FRAME_HEAD];
	int out[2], err[2];
	sigset_t signals;

	port = open(path, O_RDWR | O_CLOEXEC);
	if (port < 0)
		die(path);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int reaper = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (reaper < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("setting up");
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);

	send_frame(FRAME_READY, NULL, 0);
	read_exactly(head, sizeof(head));
	uint32_t length = frame_length(head);
	char *payload = length <= FRAME_START_MAX ? malloc(length) : NULL;
	if (head[0] != FRAME_START || !payload) {
		errno = EBADMSG;
		die("start frame");
	}
	read_exactly(payload, length);
	pid_t command = start(payload, length, out[1], err[1]);
	/* Ours stay open: a background process may go on writing after the
	 * command has ended, and an end of file has no meaning here. */

	bool ending = false;
	for (;;) {
		struct pollfd wait[] = {
			{ .fd = out[0], .events = POLLIN },
			{ .fd = err[0], .events = POLLIN },
			{ .fd = reaper, .events = POLLIN },
			{ .fd = port, .events = POLLIN },
		};
		if (poll(wait, 4, -1) < 0 && errno != EINTR)
			die("poll");
		if (wait[0].revents & POLLIN)
			pass_on(out[0], FRAME_STDOUT, FRAME_DATA_MAX);
		if (wait[1].revents & POLLIN)
			pass_on(err[0], FRAME_STDERR, FRAME_DATA_MAX);
		if (wait[3].revents & POLLIN) {
			read_exactly(head, sizeof(head));
			if (head[0] == FRAME_TERM) {
				ending = true;
				kill(-1, SIGTERM); /* all but ourselves */
			}
		}
		if ((wait[2].revents & POLLIN) || ending) {
			struct signalfd_siginfo ignored;
			while (read(reaper, &ignored, sizeof(ignored)) > 0)
				;
			int status;
			pid_t ended;
			while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
				if (ended != command)
					continue;
				unsigned char code = (unsigned char)(WIFSIGNALED(status)
					? 128 + WTERMSIG(status) : WEXITSTATUS(status));
				drain(out[0], FRAME_STDOUT);
				drain(err[0], FRAME_STDERR);
				send_frame(FRAME_EXIT, &code, 1);
			}
			if (ended < 0 && errno == ECHILD && ending) {
				drain(out[0], FRAME_STDOUT);
				drain(err[0], FRAME_STDERR);
				send_frame(FRAME_ALL_GONE, NULL, 0);
				ending = false;
			}
		}
	}
}
