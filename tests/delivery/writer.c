/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * See writer.h. `to=ADDRESS:PORT id=N count=N reader=…` are the connections (see
 * reader.rs); `via=` says through which hands they go before they are written to.
 */
#define _GNU_SOURCE
#include "writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct connection connections[MOST];
int count;

static char **arguments;

const char *value(const char *key, const char *otherwise)
{
	size_t length = strlen(key);
	char **argument;

	for (argument = arguments; *argument; argument++)
		if (!strncmp(*argument, key, length) && (*argument)[length] == '=')
			return *argument + length + 1;
	return otherwise;
}

int is(const char *key, const char *wanted)
{
	return !strcmp(value(key, ""), wanted);
}

void say(const char *format, ...)
{
	char line[256];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(line, sizeof(line) - 1, format, values);
	va_end(values);
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length) != length)
		_exit(3);
}

void fail(const char *what)
{
	say("failed: %s: %s", what, strerror(errno));
	kill(getpid(), SIGKILL);
	_exit(2);
}

void wait_until_told(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
}

/* What the kernel says a socket is, behind the shim's back. */
static int ask(int fd, int name)
{
	int answer = -1;
	socklen_t length = sizeof(answer);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, name, &answer, &length))
		fail("getsockopt");
	return answer;
}

/* A connection that the reader has answered. */
static int connect_to(const char *to, int number)
{
	char address[64], head[65], greeting;
	struct sockaddr_in peer = { .sin_family = AF_INET };
	char *colon;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address, sizeof(address), "%s", to);
	colon = strchr(address, ':');
	if (fd < 0 || !colon)
		fail("socket");
	*colon = '\0';
	peer.sin_port = htons((unsigned short)atoi(colon + 1));
	inet_aton(address, &peer.sin_addr);
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("connect");
	snprintf(address, sizeof(address), "data %s %d %s", value("id", "0"), number,
		 value("reader", "0 65536 0 -"));
	snprintf(head, sizeof(head), "%-64s", address);
	if (write(fd, head, 64) != 64 || read(fd, &greeting, 1) != 1)
		fail("greeting");
	return fd;
}

static void connect_all(void)
{
	int i, on, seconds;

	count = atoi(value("count", "1"));
	for (i = 0; i < count; i++) {
		struct connection *c = &connections[i];

		c->fd = connect_to(value("to", ""), i);
		c->state = (unsigned long long)(atol(value("id", "0")) * MOST + i);
		c->sum = 0xcbf29ce484222325ULL;
		say("kind %d %d/%d", i, ask(c->fd, SO_DOMAIN), ask(c->fd, SO_PROTOCOL));
		if (sscanf(value("linger", ""), "%d,%d", &on, &seconds) == 2) {
			struct linger linger = { on, seconds };

			if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
				fail("SO_LINGER");
		}
	}
}

/* Ends as the child does, which goes on in our place. */
static int follow(pid_t child)
{
	int status = 0;

	if (child < 0 || waitpid(child, &status, 0) != child)
		fail("fork");
	if (WIFSIGNALED(status))
		kill(getpid(), SIGKILL);
	return WEXITSTATUS(status);
}

/* Sends a descriptor, or receives it if `fd` is -1. */
static int pass(int way, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec content = { &byte, 1 };
	struct msghdr message = { .msg_iov = &content, .msg_iovlen = 1,
				  .msg_control = &control, .msg_controllen = sizeof(control) };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		return (int)sendmsg(way, &message, 0);
	}
	if (recvmsg(way, &message, 0) != 1)
		fail("recvmsg");
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* Connects and gives all to a process that knew nothing of it. */
static void pass_to_another(void)
{
	int i, ways[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ways))
		fail("socketpair");
	child = fork();
	close(ways[child != 0]);
	if (child) {
		connect_all();
		for (i = 0; i < count; i++)
			if (pass(ways[0], connections[i].fd) != 1)
				fail("sendmsg");
		for (i = 0; i < count; i++)
			close(connections[i].fd);
		close(ways[0]);
		_exit(follow(child));
	}
	count = atoi(value("count", "1"));
	for (i = 0; i < count; i++) {
		connections[i] = (struct connection){
			.fd = pass(ways[1], -1),
			.state = (unsigned long long)(atol(value("id", "0")) * MOST + i),
			.sum = 0xcbf29ce484222325ULL,
		};
	}
}

/* The child writes and ends; we let go of the sockets at once. */
static void leave_to_child(void)
{
	pid_t child = fork();
	int i;

	if (!child)
		return;
	for (i = 0; i < count; i++)
		close(connections[i].fd);
	say("let go");
	_exit(follow(child));
}

/* We have written, and a child ends, which has the sockets, too: it has nothing
 * to wait for. */
static void child_ends(void)
{
	pid_t child = is("via", "vfork") ? vfork() : fork();

	if (!child && is("via", "vfork")) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(2);
	}
	if (!child) {
		end();
		exit(0);
	}
	if (follow(child))
		fail("child");
	say("child ended");
}

static void renumber(int late)
{
	int i, fd;

	for (i = 0; i < count; i++) {
		fd = connections[i].fd;
		connections[i].fd = late ? dup(fd) : fcntl(fd, F_DUPFD_CLOEXEC, 100);
		if (connections[i].fd < 0 || close(fd))
			fail("dup");
	}
}

/* The same program again, which has the connection from its beginning. */
static void begin_again(char **argv)
{
	static char via[] = "via=", fd[16];
	char *again[24];
	int i, number = atoi(value("number", "1"));

	if (dup2(connections[0].fd, number) != number || fcntl(number, F_SETFD, 0))
		fail("dup2");
	snprintf(fd, sizeof(fd), "fd=%d", number);
	again[0] = argv[0];
	again[1] = via;
	again[2] = fd;
	for (i = 1; argv[i] && i < 20; i++)
		again[i + 2] = argv[i];
	again[i + 2] = NULL;
	execv("/proc/self/exe", again);
	fail("execv");
}

/* From here on no thread can be made. */
static void forbid_threads(void)
{
	struct rlimit limit = { 1, 1 };

	if (setgid(65534) || setuid(65534) || setrlimit(RLIMIT_NPROC, &limit))
		fail("limits");
	if (fork() != -1)
		fail("RLIMIT_NPROC");
	say("alone");
}

/* From here on nobody in this process can open more than a few files. */
static void forbid_descriptors(void)
{
	struct rlimit limit = { 6, 6 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("RLIMIT_NOFILE");
}

/* From here on these calls end the process, as in a service that systemd(1) allows
 * @system-service without @privileged: Debian's redis. */
static void forbid_calls(void)
{
#define FORBIDDEN(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
	struct sock_filter calls[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		FORBIDDEN(SYS_capset),
		FORBIDDEN(SYS_pidfd_getfd),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(calls) / sizeof(*calls), calls };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		fail("seccomp");
}

static void ignore(int number)
{
	(void)number;
}

static void begin_storm(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	arguments = argv;
	signal(SIGPIPE, SIG_IGN);
	if (is("via", "passed")) {
		pass_to_another();
	} else if (strcmp(value("fd", ""), "")) {
		count = 1;
		connections[0] = (struct connection){ .fd = atoi(value("fd", "")),
			.state = (unsigned long long)(atol(value("id", "0")) * MOST),
			.sum = 0xcbf29ce484222325ULL };
	} else {
		connect_all();
	}
	if (is("via", "child"))
		leave_to_child();
	if (is("via", "dup"))
		renumber(0);
	if (is("via", "exec"))
		begin_again(argv);
	if (is("limit", "threads"))
		forbid_threads();
	write_all();
	if (is("limit", "descriptors"))
		forbid_descriptors();
	if (is("limit", "calls"))
		forbid_calls();
	if (is("signals", "storm"))
		begin_storm();
	if (is("via", "late-dup"))
		renumber(1);
	if (is("via", "kept") || is("via", "vfork"))
		child_ends();
	act();
	end();
	return 0;
}
