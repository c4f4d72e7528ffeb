// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A server with a thread for each connection, and its client, for the runtimes of
// sanitizers: threads.c server|client ADDRESS PORT CONNECTIONS. Each connection brings
// BYTES and gets them back. Memory is allocated and freed in different threads, and a
// counter is guarded by a lock. Both end when all connections have.
#include <arpa/inet.h>
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES = 200000, ATONCE = 4 };

struct connection {
	int fd;
	unsigned char *data;
};

static struct sockaddr_in address = { .sin_family = AF_INET };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int done;

static void receive(int fd, unsigned char *data) {
	for (size_t got = 0; got < BYTES;) {
		ssize_t count = read(fd, data + got, BYTES - got);
		if (count <= 0) err(1, "read %zu", got);
		got += (size_t)count;
	}
}

static void send_all(int fd, const unsigned char *data) {
	for (size_t sent = 0; sent < BYTES;) {
		ssize_t count = write(fd, data + sent, BYTES - sent);
		if (count <= 0) err(1, "write %zu", sent);
		sent += (size_t)count;
	}
}

static void *serve(void *argument) {
	struct connection *connection = argument;
	receive(connection->fd, connection->data);
	send_all(connection->fd, connection->data);
	if (shutdown(connection->fd, SHUT_WR)) err(1, "shutdown");
	if (read(connection->fd, connection->data, 1) != 0) errx(1, "more than was sent");
	if (close(connection->fd)) err(1, "close");
	free(connection->data);
	free(connection);
	pthread_mutex_lock(&lock);
	done++;
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *ask(void *argument) {
	struct connection *connection = argument;
	unsigned char *back = malloc(BYTES);
	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->fd < 0) err(1, "socket");
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) err(1, "connect");
	send_all(connection->fd, connection->data);
	receive(connection->fd, back);
	if (memcmp(back, connection->data, BYTES)) errx(1, "other bytes came back");
	if (close(connection->fd)) err(1, "close");
	free(back);
	free(connection->data);
	free(connection);
	pthread_mutex_lock(&lock);
	done++;
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void start(pthread_t *thread, void *(*begin)(void *), int fd) {
	struct connection *connection = malloc(sizeof *connection);
	if (!connection || !(connection->data = malloc(BYTES))) err(1, "malloc");
	connection->fd = fd;
	for (size_t at = 0; at < BYTES; at++) connection->data[at] = (unsigned char)(at * 31 + at / 255);
	if (pthread_create(thread, NULL, begin, connection)) errx(1, "pthread_create");
}

int main(int count, char **arguments) {
	if (count != 5) errx(2, "server|client ADDRESS PORT CONNECTIONS");
	int serves = strcmp(arguments[1], "server") == 0, connections = atoi(arguments[4]);
	int listener = -1, one = 1;
	inet_pton(AF_INET, arguments[2], &address.sin_addr);
	address.sin_port = htons((unsigned short)atoi(arguments[3]));
	if (serves) {
		listener = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (bind(listener, (struct sockaddr *)&address, sizeof address)) err(1, "bind");
		if (listen(listener, 64)) err(1, "listen");
	}
	for (int begun = 0; begun < connections; begun += ATONCE) {
		pthread_t threads[ATONCE];
		for (int each = 0; each < ATONCE; each++) {
			int fd = -1;
			if (serves) {
				struct sockaddr_in peer;
				socklen_t size = sizeof peer;
				fd = accept(listener, (struct sockaddr *)&peer, &size);
				if (fd < 0) err(1, "accept");
			}
			start(&threads[each], serves ? serve : ask, fd);
		}
		for (int each = 0; each < ATONCE; each++) pthread_join(threads[each], NULL);
	}
	printf("%d connections\n", done);
	return done == connections ? 0 : 1;
}
