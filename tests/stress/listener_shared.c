/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A listener in two processes. Threads that were to accept in the one have been cancelled,
 * or have left by siglongjmp; then it shuts the listener down. How many connections does
 * the other get that nobody made?
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static int listener;
static pthread_barrier_t begun;
static sigjmp_buf out;

static void need(int is, const char *what)
{
	if (is)
		return;
	perror(what);
	_exit(1);
}

static void *accepts(void *nothing)
{
	pthread_barrier_wait(&begun);
	accept(listener, NULL, NULL);
	return nothing;
}

static void leave(int signal)
{
	siglongjmp(out, signal);
}

/* In the other process: counts until the gate is closed. */
static int others(int gate)
{
	int count = 0;

	for (;;) {
		struct pollfd polled[2] = { { listener, POLLIN, 0 }, { gate, POLLIN, 0 } };

		need(poll(polled, 2, -1) > 0, "poll");
		if (polled[1].revents)
			return count;
		/* On TCP the shutdown ends this one, too. */
		if (accept(listener, NULL, NULL) < 0) {
			char byte;

			need(errno == EINVAL && read(gate, &byte, 1) == 0, "accept");
			return count;
		}
		count++;
	}
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	pthread_t threads[THREADS];
	struct itimerval soon = { { 0, 0 }, { 0, 200000 } };
	int gate[2], i, status;
	pid_t other;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	need(!bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
	     !listen(listener, 300) && !pipe(gate), "listener");
	other = fork();
	need(other >= 0, "fork");
	if (!other) {
		close(gate[1]);
		_exit(others(gate[0]));
	}
	pthread_barrier_init(&begun, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		need(!pthread_create(&threads[i], NULL, accepts, NULL), "thread");
	pthread_barrier_wait(&begun);
	/* Until each is in the call, or about to make it: both are points to be cancelled at. */
	for (i = 0; i < THREADS; i++)
		need(!pthread_cancel(threads[i]) && !pthread_join(threads[i], NULL), "cancel");
	signal(SIGALRM, leave);
	if (!sigsetjmp(out, 1)) {
		need(!setitimer(ITIMER_REAL, &soon, NULL), "setitimer");
		accept(listener, NULL, NULL);
	}
	need(!shutdown(listener, SHUT_RDWR), "shutdown");
	close(gate[1]);
	need(waitpid(other, &status, 0) == other && WIFEXITED(status), "other");
	printf("connections to the other process: %s\n", WEXITSTATUS(status) <= 1 ? "few" : "many");
	return 0;
}
