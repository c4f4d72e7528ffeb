/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Starts one guest or a pair, sends each its command, passes on what these
 * write, and ends with the command's status. No QEMU outlives this process,
 * however that ends. Nothing is written to disk.
 *
 *   supervise run  SECONDS QEMU-COMMAND… -- COMMAND [ARGUMENT…]
 *   supervise pair SECONDS QEMU-COMMAND… -- SERVER-COMMAND CLIENT-COMMAND
 *
 * Adds to the QEMU command what connects a guest with this process: the
 * frames' port, the console, and the wire between the two guests of a pair.
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static volatile sig_atomic_t signalled;
static struct guest guests[2];
static int guest_count;
static int64_t deadline;
static int time_limit; /* s */
static int boots_left = BOOTS;

/* What the caller has asked for. */
static bool is_pair;
static char **qemu_command, **commands;

static void on_signal(int number)
{
	signalled = number;
}

/* Ending signals are let in only here, so that none is missed in between. */
static int wait_for(struct pollfd *what, nfds_t count, int64_t ms)
{
	struct timespec limit = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t none;
	sigemptyset(&none);
	return ppoll(what, count, &limit, &none);
}

static void end_all(void)
{
	for (int i = 0; i < guest_count; i++) {
		if (guests[i].qemu > 0) {
			kill(guests[i].qemu, SIGKILL);
			waitpid(guests[i].qemu, NULL, 0);
		}
	}
}

void finish(int status)
{
	end_all();
	exit(status);
}

static void boot(int number, const char *name, char **command, int wire)
{
	struct guest *g = &guests[guest_count];
	memset(g, 0, sizeof(*g));
	g->number = number;
	g->name = name;
	g->command = command;
	guest_count++;
	guest_boot(g, qemu_command, wire);
}

static void boot_all(void)
{
	static char *shells[2][4];
	int wire[2];

	boots_left--;
	guest_count = 0;
	if (!is_pair) {
		boot(0, "guest", commands, -1);
		return;
	}
	/* Whole datagrams, no port to choose, and no stranger on it. */
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, wire) < 0) {
		perror("lab: socketpair");
		finish(EXIT_LAB);
	}
	for (int i = 0; i < 2; i++) {
		shells[i][0] = "/bin/sh";
		shells[i][1] = "-c";
		shells[i][2] = commands[i];
		boot(i + 1, i == 0 ? "server" : "client", shells[i], wire[i]);
		close(wire[i]);
	}
}

/* The guest cannot go on: says why, shows its console, ends with status. */
static void give_up(struct guest *g, int status, const char *why)
{
	fprintf(stderr, "lab: %s%s", guest_count > 1 ? g->name : "", guest_count > 1 ? ": " : "");
	fprintf(stderr, why, time_limit);
	console_show(g);
	finish(status);
}

/* The guest has died. Seen on emulated processors: the kernel patches its code
 * while another processor runs it, which meets the breakpoint there too late for
 * the kernel to know it. As long as no command has begun there is another try.
 * False: this is the end. */
static bool boot_again(struct guest *g)
{
	bool has_begun = true;

	for (int i = 0; i < guest_count; i++)
		has_begun = has_begun && guests[i].ready;
	if (has_begun || boots_left == 0 || !console_has(g, "Kernel panic"))
		return false;
	fputs("lab: the guest's kernel died while it was starting; once more\n", stderr);
	end_all();
	for (int i = 0; i < guest_count; i++) {
		close(guests[i].port);
		close(guests[i].console);
	}
	boot_all();
	return true;
}

/* Writes to our own stdout or stderr, in steps that cannot block past the
 * time limit; a reader that has gone ends everything, as SIGPIPE would. */
void emit(int fd, const char *data, size_t length)
{
	while (length > 0) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		int64_t left = deadline - now_ms();
		if (signalled)
			finish(128 + signalled);
		if (left <= 0)
			give_up(&guests[guest_count - 1], EXIT_TIME_LIMIT,
			        "time limit of %d s reached, and nobody reads the output\n");
		if (wait_for(&ready, 1, left) <= 0)
			continue;
		/* A pipe that is ready takes this much without blocking. */
		ssize_t n = write(fd, data, length < 4096 ? length : 4096);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			finish(128 + SIGPIPE);
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
	}
}

static void on_frame(struct guest *g, enum frame_type type, const char *data, size_t length)
{
	struct guest *client = &guests[guest_count - 1];
	switch (type) {
	case FRAME_READY:
		g->ready = true;
		for (int i = 0; i < guest_count; i++)
			if (!guests[i].ready)
				return;
		for (int i = 0; i < guest_count; i++)
			guest_start_command(&guests[i]);
		break;
	case FRAME_STDOUT:
	case FRAME_STDERR:
		if (g == client)
			emit(type == FRAME_STDOUT ? STDOUT_FILENO : STDERR_FILENO, data, length);
		else
			emit_prefixed(g, data, length);
		break;
	case FRAME_EXIT:
		g->exited = true;
		g->status = length == 1 ? (unsigned char)data[0] : EXIT_LAB;
		if (g == client && guest_count == 1)
			finish(g->status);
		if (g == client) {
			/* The server's last words, within a bound. */
			unsigned char head[FRAME_HEAD];
			int64_t bound = now_ms() + END_MS;
			frame_head(head, FRAME_TERM, 0);
			write_all(guests[0].port, head, sizeof(head));
			if (bound < deadline)
				deadline = bound;
		} else if (!client->exited && g->status != 0) {
			fprintf(stderr, "lab: the server's command ended with status %d before the client's\n",
			        g->status);
		}
		break;
	case FRAME_ALL_GONE:
		emit_prefixed_end(g);
		finish(client->status);
	default:
		give_up(g, EXIT_LAB, "nonsense from the guest\n");
	}
}

/* Takes what the port has and handles each whole frame of it. False: the guests
 * are others now. */
static bool on_port(struct guest *g)
{
	ssize_t n = read(g->port, g->in + g->in_used, sizeof(g->in) - g->in_used);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		if (guest_count > 1 && guests[1].exited)
			finish(guests[1].status);
		while (console_read(g)) /* what it said last */
			;
		if (boot_again(g))
			return false;
		give_up(g, EXIT_LAB, g->ready ? "the guest died\n"
		                              : "the guest did not come up\n");
	}
	g->in_used += (size_t)n;
	size_t at = 0;
	while (g->in_used - at >= FRAME_HEAD) {
		unsigned char *head = (unsigned char *)g->in + at;
		size_t length = frame_length(head);
		if (length > FRAME_DATA_MAX)
			give_up(g, EXIT_LAB, "nonsense from the guest\n");
		if (g->in_used - at < FRAME_HEAD + length)
			break;
		on_frame(g, head[0], g->in + at + FRAME_HEAD, length);
		at += FRAME_HEAD + length;
	}
	memmove(g->in, g->in + at, g->in_used - at);
	g->in_used -= at;
	return true;
}

static void on_deadline(void)
{
	struct guest *client = &guests[guest_count - 1];
	if (client->exited) {
		fprintf(stderr, "lab: the server did not end within %d s of SIGTERM\n",
		        END_MS / 1000);
		deadline = now_ms() + KILL_MS; /* for its unfinished line */
		emit_prefixed_end(&guests[0]);
		finish(client->status);
	}
	for (int i = 0; i < guest_count; i++)
		if (!guests[i].ready)
			give_up(&guests[i], EXIT_TIME_LIMIT,
			        "time limit of %d s reached while the guest was starting\n");
	if (guest_count > 1) {
		fputs("lab: server:\n", stderr);
		console_show(&guests[0]);
	}
	give_up(client, EXIT_TIME_LIMIT, "time limit of %d s reached\n");
}

static void watch(void)
{
	for (;;) {
		struct pollfd wait[6];
		nfds_t n = 0;
		for (int i = 0; i < guest_count; i++) {
			wait[n++] = (struct pollfd){ .fd = guests[i].port, .events = POLLIN };
			wait[n++] = (struct pollfd){ .fd = guests[i].console, .events = POLLIN };
		}
		/* Nothing is asked of these but whether their reader has gone. */
		wait[n++] = (struct pollfd){ .fd = STDOUT_FILENO };
		wait[n++] = (struct pollfd){ .fd = STDERR_FILENO };

		int64_t left = deadline - now_ms();
		if (signalled)
			finish(128 + signalled);
		if (left <= 0)
			on_deadline();
		if (wait_for(wait, n, left) <= 0)
			continue;
		if ((wait[n - 1].revents | wait[n - 2].revents) & POLLERR)
			finish(128 + SIGPIPE);
		for (int i = 0; i < guest_count; i++) {
			if (wait[2 * i + 1].revents)
				console_read(&guests[i]);
			if (wait[2 * i].revents && !on_port(&guests[i]))
				break;
		}
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int split = 3, fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= 2)
		; /* a standard descriptor that is closed must not become a guest's */
	close(fd);
	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (argc < 5 || split + 1 >= argc || (!strcmp(argv[1], "pair") && argc != split + 3)) {
		fputs("usage: supervise run|pair SECONDS QEMU… -- COMMAND…\n", stderr);
		return 2;
	}
	sigset_t blocked;
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaddset(&blocked, ends[i]);
		sigaction(ends[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);

	time_limit = (int)strtol(argv[2], NULL, 10);
	deadline = now_ms() + (int64_t)time_limit * 1000;
	argv[split] = NULL;
	is_pair = !strcmp(argv[1], "pair");
	qemu_command = argv + 3;
	commands = argv + split + 1;
	boot_all();
	watch();
}
