/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What SMC needs before it works in a guest and what no tool of a minimal
 * system can do, over netlink:
 *
 *   smc-setup ueid NAME               add a user-defined EID
 *   smc-setup pnetid NAME ETH IB      give a net device and an RDMA device one pnetid
 *   smc-setup rxe IB ETH              make a Soft-RoCE device on a net device
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/smc.h>
#include <rdma/rdma_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UEID_LENGTH = 32 };

struct request {
	union {
		struct nlmsghdr head;
		char bytes[1024];
	};
};

static void request_init(struct request *r, int type, int command)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_HDRLEN;
	r->head.nlmsg_type = (unsigned short)type;
	r->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (command >= 0) {
		struct genlmsghdr *generic = NLMSG_DATA(&r->head);
		generic->cmd = (unsigned char)command;
		generic->version = 1;
		r->head.nlmsg_len += GENL_HDRLEN;
	}
}

static void add(struct request *r, int type, const void *data, size_t length)
{
	struct nlattr *attribute = (struct nlattr *)(r->bytes + NLMSG_ALIGN(r->head.nlmsg_len));
	if (NLMSG_ALIGN(r->head.nlmsg_len) + NLA_HDRLEN + NLA_ALIGN(length) > sizeof(r->bytes)) {
		fputs("smc-setup: argument too long\n", stderr);
		exit(2);
	}
	attribute->nla_type = (unsigned short)type;
	attribute->nla_len = (unsigned short)(NLA_HDRLEN + length);
	memcpy((char *)attribute + NLA_HDRLEN, data, length);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + NLA_ALIGN(attribute->nla_len);
}

static void add_string(struct request *r, int type, const char *string)
{
	add(r, type, string, strlen(string) + 1);
}

/* Sends and takes the first answer; the kernel's errno (0 is success). */
static int ask(int protocol, struct request *r, struct request *answer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return errno;
	ssize_t n = send(fd, r, r->head.nlmsg_len, 0);
	if (n >= 0)
		n = recv(fd, answer, sizeof(*answer), 0);
	int error = errno;
	close(fd);
	if (n < 0)
		return error;
	if (answer->head.nlmsg_type == NLMSG_ERROR)
		return -((struct nlmsgerr *)NLMSG_DATA(&answer->head))->error;
	return 0;
}

/* The number of a generic netlink family; -1 with errno. */
static int family(const char *name)
{
	struct request r, answer;
	request_init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	add_string(&r, CTRL_ATTR_FAMILY_NAME, name);
	errno = ask(NETLINK_GENERIC, &r, &answer);
	if (errno != 0)
		return -1;
	char *end = answer.bytes + answer.head.nlmsg_len;
	char *at = (char *)NLMSG_DATA(&answer.head) + GENL_HDRLEN;
	while (at + NLA_HDRLEN <= end) {
		struct nlattr *attribute = (struct nlattr *)at;
		if (attribute->nla_type == CTRL_ATTR_FAMILY_ID) {
			unsigned short id;
			memcpy(&id, at + NLA_HDRLEN, sizeof(id));
			return id;
		}
		if (attribute->nla_len < NLA_HDRLEN)
			break;
		at += NLA_ALIGN(attribute->nla_len);
	}
	errno = ENOENT;
	return -1;
}

static int add_ueid(const char *name)
{
	char padded[UEID_LENGTH + 1];
	struct request r, answer;
	int id = family(SMC_GENL_FAMILY_NAME);
	if (id < 0)
		return errno;
	snprintf(padded, sizeof(padded), "%-*s", UEID_LENGTH, name);
	request_init(&r, id, SMC_NETLINK_ADD_UEID);
	add_string(&r, SMC_NLA_EID_TABLE_ENTRY, padded);
	return ask(NETLINK_GENERIC, &r, &answer);
}

static int add_pnetid(const char *name, const char *eth, const char *ib)
{
	struct request r, answer;
	unsigned char ib_port = 1;
	int id = family(SMCR_GENL_FAMILY_NAME);
	if (id < 0)
		return errno;
	request_init(&r, id, SMC_PNETID_ADD);
	add_string(&r, SMC_PNETID_NAME, name);
	add_string(&r, SMC_PNETID_ETHNAME, eth);
	add_string(&r, SMC_PNETID_IBNAME, ib);
	add(&r, SMC_PNETID_IBPORT, &ib_port, sizeof(ib_port));
	return ask(NETLINK_GENERIC, &r, &answer);
}

static int add_rxe(const char *ib, const char *eth)
{
	struct request r, answer;
	request_init(&r, RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_NEWLINK), -1);
	add_string(&r, RDMA_NLDEV_ATTR_DEV_NAME, ib);
	add_string(&r, RDMA_NLDEV_ATTR_LINK_TYPE, "rxe");
	add_string(&r, RDMA_NLDEV_ATTR_NDEV_NAME, eth);
	return ask(NETLINK_RDMA, &r, &answer);
}

int main(int argc, char **argv)
{
	int error;
	if (argc == 3 && !strcmp(argv[1], "ueid")) {
		error = add_ueid(argv[2]);
	} else if (argc == 5 && !strcmp(argv[1], "pnetid")) {
		error = add_pnetid(argv[2], argv[3], argv[4]);
	} else if (argc == 4 && !strcmp(argv[1], "rxe")) {
		error = add_rxe(argv[2], argv[3]);
	} else {
		fputs("usage: smc-setup ueid NAME | pnetid NAME ETH IB | rxe IB ETH\n", stderr);
		return 2;
	}
	if (error != 0) {
		fprintf(stderr, "smc-setup: %s %s: %s\n", argv[1], argv[2], strerror(error));
		return 1;
	}
	return 0;
}
