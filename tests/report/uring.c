// SPDX-License-Identifier: MIT OR Apache-2.0
// uring ADDRESS PORT COUNT: makes COUNT connections by io_uring's IORING_OP_CONNECT, of
// sockets of socket(2), exchanges four bytes on each and closes it. Exits with 77 where
// the kernel has no io_uring.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void *map(int ring, size_t length, off_t offset)
{
	void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
	must(pages != MAP_FAILED, "mmap");
	return pages;
}

int main(int count, char **words)
{
	must(count == 4, "uring ADDRESS PORT COUNT");
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[2])) };
	must(inet_pton(AF_INET, words[1], &to.sin_addr) == 1, words[1]);

	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		return 77;
	must(ring >= 0, "io_uring_setup");
	char *submissions = map(ring, params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	char *completions = map(ring, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry = map(ring, params.sq_entries * sizeof(*entry), IORING_OFF_SQES);

	for (int left = atoi(words[3]); left > 0; left--) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		must(fd >= 0, "socket");
		*entry = (struct io_uring_sqe){
			.opcode = IORING_OP_CONNECT,
			.fd = fd,
			.addr = (unsigned long)&to,
			.off = sizeof(to),
		};
		*(unsigned *)(submissions + params.sq_off.array) = 0;
		__atomic_add_fetch((unsigned *)(submissions + params.sq_off.tail), 1, __ATOMIC_RELEASE);
		must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1, "io_uring_enter");
		unsigned *head = (unsigned *)(completions + params.cq_off.head);
		unsigned mask = *(unsigned *)(completions + params.cq_off.ring_mask);
		struct io_uring_cqe *done = (struct io_uring_cqe *)(completions + params.cq_off.cqes) + (*head & mask);
		errno = -done->res;
		must(done->res == 0, "connect");
		__atomic_add_fetch(head, 1, __ATOMIC_RELEASE);

		char answer[4];
		must(send(fd, "ping", 4, 0) == 4, "send");
		must(recv(fd, answer, 4, MSG_WAITALL) == 4 && memcmp(answer, "ping", 4) == 0, "recv");
		must(close(fd) == 0, "close");
	}
	return 0;
}
