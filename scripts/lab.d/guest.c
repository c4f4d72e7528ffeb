/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One guest of the supervisor: its QEMU process, the command it is sent with
 * the caller's directory and environment, its console, its output lines.
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

extern char **environ;

static void cannot(const char *what)
{
	fprintf(stderr, "lab: %s: %s\n", what, strerror(errno));
	finish(EXIT_LAB);
}

static char *format_fd(const char *before, int fd, const char *after)
{
	char *text = NULL;
	if (asprintf(&text, "%s%d%s", before, fd, after) < 0)
		cannot("memory");
	return text;
}

static void keep_across_exec(int fd)
{
	if (fcntl(fd, F_SETFD, 0) < 0)
		cannot("fcntl");
}

/* In the child: becomes QEMU with our ends of the sockets in its arguments. */
static void become_qemu(char **qemu, int number, int port, int console, int wire)
{
	enum { ADDED = 16 };
	int n = 0;
	while (qemu[n])
		n++;
	char **argv = calloc((size_t)n + ADDED, sizeof(char *));
	if (!argv)
		cannot("memory");
	memcpy(argv, qemu, (size_t)n * sizeof(char *));
	argv[n++] = "-chardev";
	argv[n++] = format_fd("socket,id=console,fd=", console, "");
	argv[n++] = "-serial";
	argv[n++] = "chardev:console";
	argv[n++] = "-chardev";
	argv[n++] = format_fd("socket,id=frames,fd=", port, "");
	argv[n++] = "-device";
	argv[n++] = "virtserialport,chardev=frames,name=lab,nr=1";
	keep_across_exec(console);
	keep_across_exec(port);
	if (wire >= 0) {
		keep_across_exec(wire);
		argv[n++] = "-netdev";
		argv[n++] = format_fd("socket,id=wire,fd=", wire, "");
		argv[n++] = "-device";
		/* init reads the guest's number in the last byte. */
		argv[n++] = format_fd("virtio-net-pci,netdev=wire,romfile=,mac=52:54:00:c0:02:0",
		                      number, "");
	}
	/* What QEMU itself has to say belongs to the console's story. */
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(console, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

void guest_boot(struct guest *g, char **qemu, int wire)
{
	int port[2], console[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, port) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0)
		cannot("socketpair");
	g->qemu = fork();
	if (g->qemu < 0)
		cannot("fork");
	if (g->qemu == 0) {
		/* Even when the supervisor is killed outright. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		signal(SIGPIPE, SIG_DFL);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		become_qemu(qemu, g->number, port[1], console[1], wire);
	}
	close(port[1]);
	close(console[1]);
	g->port = port[0];
	g->console = console[0];
	fcntl(g->console, F_SETFL, O_NONBLOCK);
}

/* Is this one of the caller's variables that the guest shall see? */
static bool is_passed(const char *variable)
{
	static const char *const always[] = { "PATH", "HOME", "LANG", "LC_ALL", "TERM",
	                                      "LAB_KIND", "LAB_PASS" };
	size_t name = strcspn(variable, "=");
	const char *list = getenv("LAB_PASS");

	if (!strncmp(variable, "SMC_", 4))
		return true;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (strlen(always[i]) == name && !strncmp(variable, always[i], name))
			return true;
	while (list && *list) {
		size_t length = strcspn(list, " ,");
		if (length == name && !strncmp(variable, list, name))
			return true;
		list += length + strspn(list + length, " ,");
	}
	return false;
}

static void put(FILE *to, const char *string)
{
	fwrite(string, 1, strlen(string) + 1, to);
}

void guest_start_command(struct guest *g)
{
	char *payload = NULL, *directory = getcwd(NULL, 0);
	size_t length = 0;
	char variables[16];
	int count = 3;
	unsigned char head[FRAME_HEAD];

	if (!directory)
		cannot("the current directory");
	for (char **v = environ; *v; v++)
		count += is_passed(*v);
	FILE *start = open_memstream(&payload, &length);
	if (!start)
		cannot("memory");
	snprintf(variables, sizeof(variables), "%d", count);
	put(start, directory);
	put(start, variables);
	put(start, "USER=root");
	put(start, "LOGNAME=root");
	fprintf(start, "LAB_ROLE=%s", g->name);
	put(start, "");
	for (char **v = environ; *v; v++)
		if (is_passed(*v))
			put(start, *v);
	for (char **argument = g->command; *argument; argument++)
		put(start, *argument);
	if (fclose(start) != 0)
		cannot("memory");
	if (length > FRAME_START_MAX) {
		errno = E2BIG;
		cannot("the command");
	}
	frame_head(head, FRAME_START, (uint32_t)length);
	if (write_all(g->port, head, sizeof(head)) < 0 ||
	    write_all(g->port, payload, length) < 0)
		cannot("writing to the guest");
	free(payload);
	free(directory);
}

bool console_read(struct guest *g)
{
	char text[4096];
	ssize_t n = read(g->console, text, sizeof(text));
	if (n <= 0) {
		if (n == 0 && g->console >= 0) {
			close(g->console);
			g->console = -1; /* poll() passes over it */
		}
		return false;
	}
	size_t more = (size_t)n;
	if (g->console_used + more > CONSOLE_KEPT) {
		size_t drop = g->console_used + more - CONSOLE_KEPT;
		memmove(g->console_text, g->console_text + drop, g->console_used - drop);
		g->console_used -= drop;
	}
	memcpy(g->console_text + g->console_used, text, more);
	g->console_used += more;
	return true;
}

bool console_has(struct guest *g, const char *text)
{
	return memmem(g->console_text, g->console_used, text, strlen(text)) != NULL;
}

/* The last lines, without the control characters that a console carries. */
void console_show(struct guest *g)
{
	size_t end = g->console_used, at = end;
	int lines = 0;
	while (at > 0 && lines <= CONSOLE_LINES)
		if (g->console_text[--at] == '\n')
			lines++;
	if (at > 0)
		at++;
	if (end == 0) {
		fputs("lab: nothing on its console\n", stderr);
		return;
	}
	fputs("lab: its console ends with:\n", stderr);
	bool new_line = true;
	for (; at < end; at++) {
		char c = g->console_text[at];
		if (new_line)
			fputs("  | ", stderr);
		new_line = c == '\n';
		if (c == '\n' || c == '\t' || (unsigned char)c >= ' ')
			fputc(c, stderr);
	}
	if (!new_line)
		fputc('\n', stderr);
}

void emit_prefixed_end(struct guest *g)
{
	if (g->line_used == 0)
		return;
	emit(STDERR_FILENO, "server| ", 8);
	emit(STDERR_FILENO, g->line, g->line_used);
	emit(STDERR_FILENO, "\n", 1);
	g->line_used = 0;
}

void emit_prefixed(struct guest *g, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] != '\n')
			g->line[g->line_used++] = data[i];
		if (data[i] == '\n' && g->line_used == 0)
			emit(STDERR_FILENO, "server| \n", 9);
		else if (data[i] == '\n' || g->line_used == sizeof(g->line))
			emit_prefixed_end(g);
	}
}
