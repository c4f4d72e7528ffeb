/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ways of closing sockets, and of ending.
 */
#define _GNU_SOURCE
#include "writer.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* More arguments than there are registers for them, which the shell compares. */
#define SHELL(in) "sh", "-c", "test \"$*${IN-}\" = '1 2 3 4 5 6 7 8" in "'", "-", \
	"1", "2", "3", "4", "5", "6", "7", "8"

static pthread_barrier_t barrier;

static void *close_with_others(void *connection)
{
	pthread_barrier_wait(&barrier);
	if (close(((struct connection *)connection)->fd))
		fail("close in a thread");
	return NULL;
}

static void close_in_threads(void)
{
	pthread_t threads[MOST];
	int i;

	pthread_barrier_init(&barrier, NULL, (unsigned)count);
	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, close_with_others, &connections[i]))
			fail("pthread_create");
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void close_from(int first, int end)
{
	int i;

	for (i = first; i < end; i++)
		if (close(connections[i].fd))
			fail("close");
}

/* One half before a fork, the other after it: by us, and then by the child. */
static pid_t close_around_a_fork(void)
{
	int turn[2];
	char byte;
	pid_t child;

	close_from(0, count / 2);
	if (pipe(turn))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	close(turn[child != 0 ? 0 : 1]);
	if (!child) {
		if (read(turn[0], &byte, 1))
			fail("turn");
		close_from(count / 2, count);
		_exit(0);
	}
	close_from(count / 2, count);
	close(turn[1]);
	return child;
}

/* All descriptors of the connections in one go. */
static int close_them_all(int to_the_end)
{
	unsigned first = ~0U, last = 0;
	int i;

	for (i = 0; i < count; i++) {
		unsigned fd = (unsigned)connections[i].fd;

		first = fd < first ? fd : first;
		last = fd > last ? fd : last;
	}
	if (!to_the_end)
		return close_range(first, last, 0);
	closefrom((int)first);
	return 0;
}

/* What a program can do that knows SMC. */
static void wait_until_sent(int fd)
{
	int unsent = 1;

	while (unsent && !usleep(1000))
		if (ioctl(fd, SIOCOUTQNSD, &unsent))
			fail("SIOCOUTQNSD");
}

static int act_on(struct connection *c)
{
	if (is("act", "wait")) {
		wait_until_sent(c->fd);
		return shutdown(c->fd, SHUT_WR);
	}
	if (is("act", "close"))
		return close(c->fd);
	if (is("act", "shut-wr"))
		return shutdown(c->fd, SHUT_WR);
	if (is("act", "shut-rdwr"))
		return shutdown(c->fd, SHUT_RDWR);
	if (is("act", "shut-and-close"))
		return shutdown(c->fd, SHUT_WR) || close(c->fd);
	if (is("act", "dup2"))
		return dup2(STDIN_FILENO, c->fd) != c->fd;
	if (is("act", "dup3"))
		return dup3(STDIN_FILENO, c->fd, O_CLOEXEC) != c->fd;
	if (is("act", "fclose"))
		return fclose(c->stream);
	return -1;
}

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void act(void)
{
	long before = microseconds(), first = 0, all;
	pid_t child = 0;
	int i, status;

	if (is("act", "none"))
		return;
	if (is("act", "threads"))
		close_in_threads();
	else if (is("act", "around-fork"))
		child = close_around_a_fork();
	else if (is("act", "close_range") || is("act", "closefrom")) {
		if (close_them_all(is("act", "closefrom")))
			fail("close_range");
	} else
		for (i = 0; i < count; i++) {
			if (act_on(&connections[i]))
				fail("act=");
			if (i == 0)
				first = microseconds() - before;
		}
	all = microseconds() - before;
	if (first)
		say("first %ld", first);
	say("closed %ld", all);
	if (child && is("then", "live") && (waitpid(child, &status, 0) != child || status))
		fail("child");
}

static void *exit_in_thread(void *nothing)
{
	(void)nothing;
	exit(0);
}

static void *last_thread(void *nothing)
{
	/* Ends after main's thread, or before: the later one calls exit. */
	return nothing;
}

static void leave_handler(int number)
{
	(void)number;
	_exit(0);
}

void end(void)
{
	pthread_t thread;
	int i;

	say("ending");
	if (is("then", "return"))
		return;
	if (is("then", "live")) {
		wait_until_told();
		_exit(0);
	}
	if (is("then", "exit"))
		exit(0);
	if (is("then", "_exit"))
		_exit(0);
	if (is("then", "_Exit"))
		_Exit(0);
	if (is("then", "quick_exit"))
		quick_exit(0);
	if (is("then", "exec"))
		execv("/bin/true", (char *[]){ "true", NULL });
	if (is("then", "execs")) {
		/* As python's os.execvp does it, folder by folder. */
		for (i = 0; i < 5; i++)
			execv("/nonexistent/true", (char *[]){ "true", NULL });
		say("not found");
		execv("/bin/true", (char *[]){ "true", NULL });
	}
	if (is("then", "daemon")) {
		if (daemon(1, 1))
			fail("daemon");
		wait_until_told();
		_exit(0);
	}
	if (is("then", "execl"))
		execl("/bin/sh", SHELL(""), (char *)NULL);
	if (is("then", "execlp"))
		execlp("sh", SHELL(""), (char *)NULL);
	if (is("then", "execle"))
		execle("/bin/sh", SHELL("in"), (char *)NULL, (char *[]){ "IN=in", NULL });
	if (is("then", "thread")) {
		if (pthread_create(&thread, NULL, exit_in_thread, NULL))
			fail("pthread_create");
		for (;;)
			pause();
	}
	if (is("then", "last-thread")) {
		if (pthread_create(&thread, NULL, last_thread, NULL))
			fail("pthread_create");
		pthread_exit(NULL);
	}
	if (is("then", "handler")) {
		signal(SIGTERM, leave_handler);
		raise(SIGTERM);
	}
	fail("then=");
}
