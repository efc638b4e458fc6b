// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proof.h"

int write_text(const char *path, const char *format, ...)
{
	char text[256];
	va_list args;
	int fd, length, err = 0;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, text, length) < 0)
		err = errno;
	close(fd);
	return err;
}

static size_t read_all(const char *path, char *text, size_t room)
{
	size_t length = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return 0;
	while ((got = read(fd, text + length, room - length - 1)) > 0)
		length += got;
	close(fd);
	text[length] = 0;
	return length;
}

uint64_t read_number(const char *path)
{
	char text[64];

	if (!read_all(path, text, sizeof(text))) {
		say("cannot read %s", path);
		must(false, "file is there");
	}
	return strtoull(text, NULL, 10);
}

/* The number behind "FIELD" in a file of lines. */
uint64_t field_of(const char *path, const char *field)
{
	static char text[1 << 16];
	char *at;

	if (!read_all(path, text, sizeof(text)))
		return 0;
	for (at = text; at; at = strchr(at, '\n')) {
		while (*at == '\n')
			at++;
		if (!strncmp(at, field, strlen(field)))
			return strtoull(at + strlen(field), NULL, 10);
	}
	return 0;
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void must(bool holds, const char *what)
{
	if (holds)
		return;
	say("FAILED: %s", what);
	exit(1);
}

void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void mkdir_and_mount(const char *type, const char *where)
{
	mkdir(where, 0755);
	must(!mount(type, where, type, 0, NULL), where);
}
