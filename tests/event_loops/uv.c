/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program on libuv that does the jobs of kit/job.rs: `uv listen ADDRESS PORT LIMIT
 * COUNT`, `uv connect ADDRESS PORT LIMIT JOB...`.
 */
#include "../kit/job.h"

#include <signal.h>
#include <uv.h>

struct connection {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct job job;
	/* Whether the job is known. */
	int is_known;
	char head[HEAD + 1];
	size_t head_length;
	unsigned char room[65536];
	struct connection *next;
};

static struct connection *all;
static uv_tcp_t listener;
static uv_timer_t timer;
static unsigned long expected;

static void check(int answer, const char *what)
{
	if (answer < 0) {
		fprintf(stderr, "uv: %s: %s\n", what, uv_strerror(answer));
		exit(2);
	}
}

static struct connection *new_connection(void)
{
	struct connection *new = calloc(1, sizeof(*new));

	if (!new)
		exit(2);
	check(uv_tcp_init(uv_default_loop(), &new->tcp), "init");
	new->tcp.data = new;
	new->next = all;
	all = new;
	return new;
}

static void close_if_ended(struct connection *connection)
{
	if (has_ended(&connection->job) && !uv_is_closing((uv_handle_t *)&connection->tcp))
		uv_close((uv_handle_t *)&connection->tcp, NULL);
}

static void send_next(struct connection *connection);

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct connection *connection = request->handle->data;

	sending_ended(&connection->job, -status);
	close_if_ended(connection);
}

static void on_written(uv_write_t *request, int status)
{
	struct connection *connection = request->handle->data;

	if (status) {
		sending_ended(&connection->job, -status);
		close_if_ended(connection);
	} else {
		send_next(connection);
	}
}

static void on_piece_written(uv_write_t *request, int status)
{
	struct connection *connection = request->handle->data;
	unsigned long long rest = connection->job.length - connection->job.sent;

	if (!status)
		connection->job.sent += rest < PIECE ? rest : PIECE;
	on_written(request, status);
}

static void send_next(struct connection *connection)
{
	uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
	uv_buf_t piece;

	piece.base = (char *)next_piece(&connection->job, &piece.len);
	if (piece.len)
		check(uv_write(&connection->write, stream, &piece, 1, on_piece_written), "write");
	else
		check(uv_shutdown(&connection->shutdown, stream, on_shutdown), "shutdown");
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
	struct connection *connection = handle->data;
	size_t length = sizeof(connection->room);

	(void)wanted;
	if (!connection->is_known)
		length = HEAD - connection->head_length;
	*room = uv_buf_init((char *)connection->room, (unsigned int)length);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
	struct connection *connection = stream->data;

	if (count < 0) {
		uv_read_stop(stream);
		receiving_ended(&connection->job, count == UV_EOF ? 0 : -(int)count);
		close_if_ended(connection);
	} else if (connection->is_known) {
		came(&connection->job, (unsigned char *)room->base, (size_t)count);
	} else {
		memcpy(connection->head + connection->head_length, room->base, (size_t)count);
		connection->head_length += (size_t)count;
		if (connection->head_length < HEAD)
			return;
		if (!begin_job(&connection->job, connection->head, 0))
			exit(2);
		connection->is_known = 1;
		send_next(connection);
	}
}

static void on_connect(uv_connect_t *request, int status)
{
	struct connection *connection = request->handle->data;
	uv_buf_t head = uv_buf_init(connection->head, HEAD);

	check(status, "connect");
	check(uv_write(&connection->write, request->handle, &head, 1, on_written), "write");
	check(uv_read_start(request->handle, on_room, on_read), "read");
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct connection *connection = new_connection();

	check(status, "listen");
	check(uv_accept(stream, (uv_stream_t *)&connection->tcp), "accept");
	check(uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read), "read");
	if (--expected == 0)
		uv_close((uv_handle_t *)stream, NULL);
}

static void on_limit(uv_timer_t *handle)
{
	struct connection *connection;

	(void)handle;
	for (connection = all; connection; connection = connection->next)
		if (connection->is_known && !has_ended(&connection->job))
			report(&connection->job);
	exit(1);
}

int main(int count, char **words)
{
	struct sockaddr_in address;
	struct connection *connection;
	int i;

	if (count < 6)
		return 2;
	/* It writes with write(2), to peers that vanish. */
	signal(SIGPIPE, SIG_IGN);
	check(uv_ip4_addr(words[2], atoi(words[3]), &address), "address");
	check(uv_timer_init(uv_default_loop(), &timer), "timer");
	check(uv_timer_start(&timer, on_limit, 1000 * strtoull(words[4], NULL, 10), 0), "timer");
	uv_unref((uv_handle_t *)&timer);
	if (!strcmp(words[1], "listen")) {
		expected = strtoul(words[5], NULL, 10);
		check(uv_tcp_init(uv_default_loop(), &listener), "init");
		check(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "bind");
		check(uv_listen((uv_stream_t *)&listener, 128, on_connection), "listen");
	}
	for (i = 5; i < count && !strcmp(words[1], "connect"); i++) {
		connection = new_connection();
		connection->is_known = begin_job(&connection->job, words[i], 1);
		memset(connection->head, ' ', HEAD);
		memcpy(connection->head, words[i], strnlen(words[i], HEAD));
		check(uv_tcp_connect(&connection->connect, &connection->tcp,
				     (struct sockaddr *)&address, on_connect), "connect");
	}
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
