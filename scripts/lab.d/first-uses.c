/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does once what makes a kernel patch its own code when it is done for the first
 * time: TCP and UDP over IPv4 and IPv6 (each draws a secret for its hashes) and
 * the two lower limits of hops. init runs it while the guest has one processor:
 * an emulated second one may meet the patch halfway and die of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A bound socket and one that is connected to it: what TCP listens for, UDP is sent. */
static int use(int family, int type)
{
	static const int one = 1;
	union address loopback = { .any.sa_family = (sa_family_t)family };
	socklen_t length = sizeof(loopback.v4);
	int bound = socket(family, type | SOCK_CLOEXEC, 0);
	int connected = socket(family, type | SOCK_CLOEXEC, 0);

	if (family == AF_INET6) {
		length = sizeof(loopback.v6);
		loopback.v6.sin6_addr = in6addr_loopback;
	} else {
		loopback.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int least_hops = family == AF_INET6 ? IPV6_MINHOPCOUNT : IP_MINTTL;
	int done = bound >= 0 && connected >= 0 &&
	           bind(bound, &loopback.any, length) == 0 &&
	           getsockname(bound, &loopback.any, &length) == 0 &&
	           (type != SOCK_STREAM || listen(bound, 1) == 0) &&
	           connect(connected, &loopback.any, length) == 0 &&
	           send(connected, "x", 1, 0) == 1 &&
	           setsockopt(connected, level, least_hops, &one, sizeof(one)) == 0;
	int error = errno;
	close(connected);
	close(bound);
	errno = error;
	return done ? 0 : -1;
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (size_t f = 0; f < 2; f++)
		for (size_t t = 0; t < 2; t++)
			if (use(families[f], types[t]) < 0) {
				fprintf(stderr, "first-uses: %s\n", strerror(errno));
				return 1;
			}
	return 0;
}
