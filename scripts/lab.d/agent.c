/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs one command for the caller at the other end of a stream (frames.h): passes on
 * what it writes and how it ended, and ends what is left of it when the caller says so
 * or is gone. The stream is the file that is named, a virtio-serial port: then this is
 * the first process of a guest, once its root file system is in place. Else it is
 * standard input, a socket.
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int stream;
static bool lost;          /* the caller has gone */
static int out[2], err[2]; /* the command's pipes */
static int reaper;         /* says when a child has ended */
static pid_t command;      /* its first process */
static bool exited;        /* which has */

/* In a guest, shown on the console, which the host prints when a guest ends unexpectedly. */
static void die(const char *what)
{
	fprintf(stderr, "lab: agent: %s: %s\n", what, strerror(errno));
	exit(1); /* the end of process 1 is a kernel panic, and that of QEMU */
}

static void send_frame(enum frame_type type, const void *data, uint32_t length)
{
	static unsigned char frame[FRAME_HEAD + FRAME_DATA_MAX];
	frame_head(frame, type, length);
	if (length > 0)
		memcpy(frame + FRAME_HEAD, data, length);
	if (!lost && write_all(stream, frame, FRAME_HEAD + length) < 0)
		lost = true;
}

/* False: the caller has gone. */
static bool read_exactly(void *into, size_t length)
{
	char *at = into;
	while (length > 0) {
		ssize_t n = read(stream, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

/* The payload of the frame that says what to run; ends this process if there is none. */
static char *read_start(uint32_t *length)
{
	unsigned char head[FRAME_HEAD];
	if (!read_exactly(head, sizeof(head)))
		exit(0); /* only looked whether somebody is here */
	*length = frame_length(head);
	char *payload = *length <= FRAME_START_MAX ? malloc(*length) : NULL;
	if (head[0] != FRAME_START || !payload || !read_exactly(payload, *length)) {
		errno = EBADMSG;
		die("start frame");
	}
	return payload;
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
		fprintf(stderr, "lab: agent: %s: %s\n", directory, strerror(errno));
		return 125;
	}
	execvp(argv[0], argv);
	int error = errno;
	fprintf(stderr, "lab: agent: %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

static void start(char *payload, uint32_t length)
{
	command = fork();
	if (command < 0)
		die("fork");
	if (command > 0)
		return;

	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (dup2(out[1], STDOUT_FILENO) < 0 || dup2(err[1], STDERR_FILENO) < 0)
		_exit(125);
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

/* Passes on what is in the pipes now and no more: a background process may go
 * on writing for ever. */
static void drain(void)
{
	const int from[] = { out[0], err[0] };
	const enum frame_type type[] = { FRAME_STDOUT, FRAME_STDERR };
	for (int i = 0; i < 2; i++) {
		int there = 0;
		ioctl(from[i], FIONREAD, &there);
		for (size_t left = (size_t)there, passed = 1; left > 0 && passed > 0; left -= passed)
			passed = pass_on(from[i], type[i], left);
	}
}

/* Of process 1, these are all of the guest; else the command's process group.
 * False: there is nobody. */
static bool signal_all(int number)
{
	if (kill(getpid() == 1 ? -1 : -command, number) == 0)
		return true;
	/* Its group is made by itself, perhaps not yet. */
	return !exited && kill(command, number) == 0;
}

/* Takes note of who has ended, and tells how the command did. False: nobody is left. */
static bool reap(void)
{
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
		exited = true;
		drain();
		send_frame(FRAME_EXIT, &code, 1);
	}
	/* Whose parent has ended is a child of this process, so none is missed. */
	return ended == 0 && signal_all(0);
}

/* Goes on until the caller has gone and none of the command's processes is left. */
static void watch(void)
{
	bool ending = false, gone = false;
	int kills = 0;
	int64_t patience = 0; /* until when, while it is ending */
	while (!(lost && gone)) {
		struct pollfd wait[] = {
			{ .fd = out[0], .events = POLLIN },
			{ .fd = err[0], .events = POLLIN },
			{ .fd = reaper, .events = POLLIN },
			{ .fd = ending && lost ? -1 : stream, .events = POLLIN },
		};
		int64_t left = patience - now_ms();
		int count = poll(wait, 4, !ending || gone ? -1 : left > 0 ? (int)left : 0);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			die("poll");
		if (wait[0].revents & POLLIN)
			pass_on(out[0], FRAME_STDOUT, FRAME_DATA_MAX);
		if (wait[1].revents & POLLIN)
			pass_on(err[0], FRAME_STDERR, FRAME_DATA_MAX);
		if (wait[3].revents) {
			unsigned char head[FRAME_HEAD];
			lost = !read_exactly(head, sizeof(head)) || head[0] != FRAME_TERM;
		}
		if (wait[3].revents && !ending) {
			ending = true;
			patience = now_ms() + END_MS + KILL_MS;
			signal_all(SIGTERM);
		} else if (ending && !gone && now_ms() >= patience) {
			patience = now_ms() + KILL_MS;
			signal_all(SIGKILL);
			kills++;
		}
		/* What SIGKILL does not end is not waited for any longer. */
		if ((!reap() || kills > 1) && ending && !gone) {
			gone = true;
			drain();
			send_frame(FRAME_ALL_GONE, NULL, 0);
		}
	}
}

/* From the path of the stream, or NULL. */
static void set_up(const char *path)
{
	/* The limits of an ordinary login; the kernel's own hard limit for
	 * process 1 is 4096 descriptors, too few for a load test. */
	const struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1048576 };
	sigset_t signals;

	/* Whoever has started this may have left more open than the stream. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	stream = path ? open(path, O_RDWR | O_CLOEXEC)
	              : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (stream < 0)
		die(path ? path : "standard input");
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	reaper = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (dup2(null, STDIN_FILENO) < 0 || reaper < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(err, O_CLOEXEC) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
	    (getpid() == 1 && setrlimit(RLIMIT_NOFILE, &files) < 0))
		die("setting up");
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
}

int main(int argc, char **argv)
{
	uint32_t length;

	set_up(argc > 1 ? argv[1] : NULL);
	send_frame(FRAME_READY, NULL, 0);
	char *payload = read_start(&length);
	start(payload, length);
	/* Our ends of the pipes stay open: a background process may go on writing after
	 * the command has ended, and an end of file has no meaning here. */
	watch();
	return 0;
}
