/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * vfork PROGRAM [ARGUMENT...]: starts a program with vfork(2) and execve(2),
 * makes and uses a socket meanwhile and afterwards, and exits with the
 * program's status.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **arguments)
{
	int status, before, after;
	pid_t child;

	if (count < 2)
		return 2;
	before = socket(AF_INET, SOCK_STREAM, 0);
	child = vfork();
	if (child == 0) {
		execve(arguments[1], arguments + 1, environ);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("vfork");
		return 1;
	}
	after = socket(AF_INET, SOCK_STREAM, 0);
	if (before < 0 || after != before + 1) {
		fprintf(stderr, "sockets %d and %d\n", before, after);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
