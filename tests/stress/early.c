/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A library whose constructor uses TCP, before main and before the
 * constructors of libraries that are initialised after it; and, compiled with
 * -DPROGRAM, the program that is linked with it.
 *
 * In the constructor: threads make their first socket all at once, and
 * exchange bytes with the listener. In main: one connection again. Prints what
 * the kernel says of each (SO_DOMAIN/SO_PROTOCOL by raw system calls).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void connection(const char *role);

#ifdef PROGRAM
int main(void)
{
	connection("main");
	return 0;
}
#else
#define THREADS 16
#define UNTOUCHED 4000

static struct sockaddr_in address;
static int listener;
static pthread_barrier_t barrier;
static int raced[THREADS];

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &length))
		fail("getsockopt");
	return value;
}

static void tell(const char *role, int fd)
{
	printf("%s %d/%d\n", role, option(fd, SO_DOMAIN), option(fd, SO_PROTOCOL));
	fflush(stdout);
}

static int fresh(void)
{
	int fd;

	errno = UNTOUCHED;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || errno != UNTOUCHED)
		fail("socket");
	return fd;
}

/* Connects fd and sends text there and back. */
static void use(int fd, const char *text)
{
	char there[64] = "", back[64] = "";
	ssize_t length = strlen(text);
	int accepted;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	accepted = accept(listener, NULL, NULL);
	if (accepted < 0)
		fail("accept");
	if (write(fd, text, length) != length || read(accepted, there, sizeof(there)) != length)
		fail("there");
	if (write(accepted, there, length) != length || read(fd, back, sizeof(back)) != length)
		fail("back");
	if (strcmp(back, text))
		fail("content");
	close(accepted);
}

void connection(const char *role)
{
	int fd = fresh();

	use(fd, role);
	tell(role, fd);
	close(fd);
}

static void *race(void *place)
{
	pthread_barrier_wait(&barrier);
	*(int *)place = fresh();
	return NULL;
}

__attribute__((constructor)) static void early(void)
{
	pthread_t threads[THREADS];
	socklen_t length = sizeof(address);
	int i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, race, &raced[i]))
			fail("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);

	listener = fresh();
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		fail("listener");
	tell("listener", listener);
	for (i = 0; i < THREADS; i++) {
		use(raced[i], "raced");
		tell("raced", raced[i]);
		close(raced[i]);
	}
	connection("constructor");
}
#endif
