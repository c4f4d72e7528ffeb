// SPDX-License-Identifier: MIT OR Apache-2.0
// What programs do with connections: endings HOW ADDRESS PORT [COUNT]
// `serves` echoes until it is told to end; who may make fewer than COUNT prints how
// many they were.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in server;

static void need(int is, const char *what)
{
	if (!is) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		_exit(1);
	}
}

static int is(const char *how, const char *name)
{
	return strcmp(how, name) == 0;
}

// Only what a signal handler may call.
static void exchange(int fd)
{
	char answer[4];
	need(send(fd, "ping", 4, 0) == 4, "send");
	need(recv(fd, answer, 4, MSG_WAITALL) == 4, "recv");
}

static int begin(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
	need(fd >= 0, "socket");
	int failed = connect(fd, (struct sockaddr *)&server, sizeof server);
	need(!failed || ((flags & SOCK_NONBLOCK) && errno == EINPROGRESS), "connect");
	return fd;
}

static void once(void)
{
	int fd = begin(0);
	exchange(fd);
	close(fd);
}

// It is writable when it is there, and says so.
static void finish(int fd)
{
	fd_set set;
	int error = 0;
	socklen_t length = sizeof error;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	need(select(fd + 1, NULL, &set, NULL, NULL) == 1, "select");
	need(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) && !error, "SO_ERROR");
	need(!fcntl(fd, F_SETFL, 0), "F_SETFL");
	exchange(fd);
}

// All are open at one time, and the program ends with them.
static void holds(int count)
{
	for (int i = 0; i < count; i++)
		exchange(begin(0));
}

// All are being made at one time, and some may fail.
static void many(int count)
{
	int poll = epoll_create1(0), made = 0, left = count;
	int *fds = calloc(count, sizeof *fds);
	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT};
		event.data.fd = fds[i] = begin(SOCK_NONBLOCK);
		need(!epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &event), "epoll_ctl");
	}
	while (left) {
		struct epoll_event events[64];
		int ready = epoll_wait(poll, events, 64, -1);
		for (int i = 0; i < ready; i++, left--) {
			int error = 0;
			socklen_t length = sizeof error;
			getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &length);
			made += !error && !(events[i].events & EPOLLHUP);
		}
	}
	for (int i = 0; i < count; i++)
		close(fds[i]);
	printf("%d\n", made);
}

// Listeners are made before anything is echoed.
static void serve(void)
{
	int poll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	need(!bind(listener, (struct sockaddr *)&server, sizeof server), "bind");
	need(!listen(listener, 4096), "listen");
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
	need(!epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
	for (;;) {
		need(epoll_wait(poll, &event, 1, -1) == 1, "epoll_wait");
		char data[4096];
		int fd = event.data.fd;
		if (fd == listener) {
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
				epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
			}
			continue;
		}
		ssize_t got = recv(fd, data, sizeof data, 0);
		if (got > 0)
			send(fd, data, got, 0);
		else if (got == 0 || errno != EAGAIN)
			close(fd);
	}
}

static void *accepts(void *listener)
{
	accept(*(int *)listener, NULL, NULL);
	return NULL;
}

static void *accepts4(void *listener)
{
	accept4(*(int *)listener, NULL, NULL, SOCK_CLOEXEC);
	return NULL;
}

// Threads that wait in a hook are taken away there.
static void cancelled(void)
{
	void *(*waits[])(void *) = {accepts, accepts4};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in any = {.sin_family = AF_INET};
	need(!bind(listener, (struct sockaddr *)&any, sizeof any) && !listen(listener, 5), "listen");
	for (int i = 0; i < 4; i++) {
		pthread_t thread;
		void *end;
		pthread_create(&thread, NULL, waits[i % 2], &listener);
		// A cancellation that comes earlier is found in the same call.
		if (i / 2)
			usleep(100000);
		pthread_cancel(thread);
		pthread_join(thread, &end);
		need(end == PTHREAD_CANCELED, "cancelled");
	}
	once();
}

static void *connects(void *count)
{
	for (int i = 0; i < *(int *)count; i++)
		once();
	return NULL;
}

static volatile sig_atomic_t in_handler, limit;

static void handler(int signal)
{
	(void)signal;
	int before = errno;
	if (in_handler < limit) {
		in_handler++;
		once();
	}
	errno = before;
}

// A handler that connects and closes, wherever the program is.
static void signals(int count)
{
	struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	limit = count;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < count || in_handler < limit; i++) {
		int fd = dup(STDERR_FILENO);
		need(shutdown(fd, SHUT_WR) < 0 && errno == ENOTSOCK, "errno of shutdown");
		need(close(fd) == 0 && close(fd) < 0 && errno == EBADF, "errno of close");
		struct sockaddr_storage peer;
		socklen_t length = sizeof peer;
		fd = socket(AF_INET, SOCK_STREAM, 0);
		need(getpeername(fd, (struct sockaddr *)&peer, &length) < 0 && errno == ENOTCONN,
		     "errno of getpeername");
		close(fd);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

// Calls that succeed leave it alone.
static void keeps_errno(void)
{
	errno = 77;
	int fd = begin(0), copy = dup(fd), third = fcntl(fd, F_DUPFD, 100);
	need(copy >= 0 && third >= 100, "copies");
	need(dup2(fd, copy) == copy && dup3(fd, third, O_CLOEXEC) == third, "dup2");
	exchange(fd);
	need(!shutdown(fd, SHUT_WR) && !close(fd) && !close(copy) && !close(third), "close");
	need(errno == 77, "errno");
}

// A child closes its copy, in memory of its own or in the parent's; the connection
// is the parent's. (A macro: what calls vfork must not return.)
#define FORKED(make)                                          \
	do {                                                  \
		int fd = begin(SOCK_NONBLOCK);                \
		pid_t child = make();                         \
		if (child == 0) {                             \
			close(fd);                            \
			_exit(0);                             \
		}                                             \
		need(waitpid(child, NULL, 0) == child, #make); \
		finish(fd);                                   \
		close(fd);                                    \
	} while (0)

// The process that has begun it ends at once, and its child finishes it.
static void left_to_a_child(void)
{
	int fd = begin(SOCK_NONBLOCK);
	pid_t parent = getpid();
	if (fork())
		exit(0);
	for (int i = 0; getppid() == parent && i < 100000; i++)
		usleep(100);
	finish(fd);
	close(fd);
}

// However all are closed, what they were has been seen.
static void closes_all(void)
{
	for (int how = 0; how < 3; how++) {
		for (int i = 0; i < 5; i++)
			exchange(begin(0));
		if (how == 0)
			for (int fd = 3; fd < 1024; fd++)
				close(fd);
		else if (how == 1)
			close_range(3, ~0U, 0);
		else
			closefrom(3);
	}
}

// The C library does not hear of it.
static void closes_raw(int count)
{
	for (int i = 0; i < count; i++)
		syscall(SYS_close, begin(SOCK_NONBLOCK));
	once();
}

static void taken_back(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd = begin(SOCK_NONBLOCK);
	need(!connect(fd, &none, sizeof none), "connect to nobody");
	close(fd);
}

// One is kept across exec and used there, one is closed by it.
static void executes(char **arguments)
{
	char number[12];
	int fd = begin(0);
	exchange(fd);
	exchange(begin(SOCK_CLOEXEC));
	snprintf(number, sizeof number, "%d", begin(SOCK_NONBLOCK));
	arguments[1] = "finishes";
	char *all[] = {arguments[0], arguments[1], arguments[2], arguments[3], number, NULL};
	execv("/proc/self/exe", all);
	need(0, "execv");
}

// The first process is gone before the connection is used.
static void daemonized(void)
{
	int fd = begin(0), early = begin(SOCK_NONBLOCK);
	need(!daemon(0, 0), "daemon");
	exchange(fd);
	finish(early);
	close(fd);
	close(early);
	once();
}

int main(int count, char **arguments)
{
	struct rlimit files;
	const char *how = arguments[1];
	int number = count > 4 ? atoi(arguments[4]) : 1;
	server.sin_family = AF_INET;
	server.sin_port = htons(atoi(arguments[3]));
	need(count > 3 && inet_pton(AF_INET, arguments[2], &server.sin_addr) == 1, "address");
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (is(how, "serves"))
		serve();
	else if (is(how, "holds"))
		holds(number);
	else if (is(how, "many"))
		many(number);
	else if (is(how, "threads")) {
		pthread_t threads[8];
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, connects, &number);
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	} else if (is(how, "cancelled"))
		cancelled();
	else if (is(how, "signals"))
		signals(number);
	else if (is(how, "errno"))
		keeps_errno();
	else if (is(how, "fork"))
		FORKED(fork);
	else if (is(how, "vfork"))
		FORKED(vfork);
	else if (is(how, "left-to-a-child"))
		left_to_a_child();
	else if (is(how, "closes-raw"))
		closes_raw(number);
	else if (is(how, "closes-all"))
		closes_all();
	else if (is(how, "taken-back"))
		taken_back();
	else if (is(how, "executes"))
		executes(arguments);
	else if (is(how, "finishes"))
		finish(number);
	else if (is(how, "daemonized"))
		daemonized();
	else
		return 2;
	return 0;
}
