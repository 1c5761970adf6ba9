/* A sink: what a client can send when the server costs next to nothing.
 *
 *   sink          accepts any association (P-DATA-TFs of up to 16,384 bytes), answers C-ECHO-RQ and
 *                 C-STORE-RQ with success, and validates nothing.
 *   sink --copy   reads and throws away whatever comes, and answers each SIZE bytes (the second
 *                 argument) with one byte: a bare copy over loopback.
 *
 * It prints the port it listens on, serves each connection in a process of its own, and is no PACS.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, MAX_PDU = 16384 };

static unsigned char buffer[BUFFER];
static size_t begin, end;

static uint32_t big(const unsigned char *at, int size) {
    uint32_t value = 0;
    while (size--) value = value << 8 | *at++;
    return value;
}

static void put(unsigned char *at, uint32_t value, int size) {
    while (size--) { at[size] = value; value >>= 8; }
}

static uint32_t little(const unsigned char *at, int size) {
    uint32_t value = 0;
    while (size--) value = value << 8 | at[size];
    return value;
}

/* `size` bytes in one piece at buffer + begin; ends the process when the peer has closed. */
static unsigned char *need(int peer, size_t size) {
    while (end - begin < size) {
        if (begin) {
            memmove(buffer, buffer + begin, end - begin);
            end -= begin;
            begin = 0;
        }
        ssize_t got = recv(peer, buffer + end, BUFFER - end, 0);
        if (got <= 0) exit(0);
        end += got;
    }
    return buffer + begin;
}

/* Throws `size` bytes away, however many they are. */
static void skip(int peer, size_t size) {
    for (;;) {
        size_t here = end - begin < size ? end - begin : size;
        begin += here;
        size -= here;
        if (!size) return;
        begin = end = 0;
        ssize_t got = recv(peer, buffer, BUFFER, 0);
        if (got <= 0) exit(0);
        end = got;
    }
}

static void say(int peer, const unsigned char *what, size_t size) {
    if (send(peer, what, size, 0) != (ssize_t)size) exit(1);
}

static size_t item(unsigned char *at, int kind, const void *value, size_t size) {
    at[0] = kind;
    at[1] = 0;
    put(at + 2, size, 2);
    memcpy(at + 4, value, size);
    return size + 4;
}

/* Answers an A-ASSOCIATE-RQ (PS3.8 9.3.2): every context is accepted in its first syntax. */
static void associate(int peer) {
    static unsigned char answer[65536];
    size_t length = big(need(peer, 6) + 2, 4);
    if (length > BUFFER - 6) exit(1);
    const unsigned char *request = need(peer, 6 + length);
    memcpy(answer, request, 74);
    answer[0] = 2;
    size_t out = 74;
    out += item(answer + out, 0x10, "1.2.840.10008.3.1.1.1", 21);
    for (size_t at = 74; at + 4 <= 6 + length; at += 4 + big(request + at + 2, 2)) {
        if (request[at] != 0x20) continue;
        size_t inner = at + 8, stop = at + 4 + big(request + at + 2, 2);
        while (inner < stop && request[inner] != 0x40) inner += 4 + big(request + inner + 2, 2);
        size_t syntax = big(request + inner + 2, 2);
        unsigned char context[128] = {request[at + 4]};
        size_t size = 4 + item(context + 4, 0x40, request + inner + 4, syntax);
        out += item(answer + out, 0x21, context, size);
    }
    unsigned char user[64], most[4];
    put(most, MAX_PDU, 4);
    size_t size = item(user, 0x51, most, 4);
    size += item(user + size, 0x52, "1.2.3.4", 7);
    out += item(answer + out, 0x50, user, size);
    put(answer + 2, out - 6, 4);
    begin += 6 + length;
    say(peer, answer, out);
}

static size_t element(unsigned char *at, int number, const void *value, size_t size) {
    memset(at, 0, 8);
    at[2] = number & 0xFF;
    at[3] = number >> 8;
    at[4] = size;
    memcpy(at + 8, value, size);
    return size + 8;
}

/* Answers the command set in `command` with success (PS3.7 9.3.1 and 9.3.5). */
static void respond(int peer, int context, const unsigned char *command, size_t length) {
    static const unsigned char success[2] = {0, 0}, none[2] = {1, 1};
    unsigned char out[512];
    const unsigned char *sop_class = 0, *instance = 0, *message = 0;
    size_t class_size = 0, instance_size = 0, field = 0;
    for (size_t at = 0; at + 8 <= length; at += 8 + little(command + at + 4, 4)) {
        size_t size = little(command + at + 4, 4);
        switch (little(command + at + 2, 2)) {
            case 0x0002: sop_class = command + at + 8; class_size = size; break;
            case 0x0100: field = little(command + at + 8, 2); break;
            case 0x0110: message = command + at + 8; break;
            case 0x1000: instance = command + at + 8; instance_size = size; break;
        }
    }
    if (!message || class_size > 64 || instance_size > 64) exit(1);
    unsigned char answer[2] = {field & 0xFF, (field | 0x8000) >> 8};
    size_t at = 24;
    if (sop_class) at += element(out + at, 0x0002, sop_class, class_size);
    at += element(out + at, 0x0100, answer, 2);
    at += element(out + at, 0x0120, message, 2);
    at += element(out + at, 0x0800, none, 2);
    at += element(out + at, 0x0900, success, 2);
    if (instance) at += element(out + at, 0x1000, instance, instance_size);
    unsigned char size[4] = {(at - 24) & 0xFF, (at - 24) >> 8};
    element(out + 12, 0x0000, size, 4);
    out[0] = 4;
    out[1] = 0;
    put(out + 2, at - 6, 4);
    put(out + 6, at - 10, 4);
    out[10] = context;
    out[11] = 3;
    say(peer, out, at);
}

static void dicom(int peer) {
    static unsigned char command[65536];
    size_t length = 0;
    associate(peer);
    for (;;) {
        unsigned char *head = need(peer, 6);
        size_t left = big(head + 2, 4);
        if (head[0] == 5) {
            unsigned char released[10] = {6, 0, 0, 0, 0, 4};
            say(peer, released, 10);
            exit(0);
        }
        if (head[0] != 4) exit(0);
        begin += 6;
        while (left) {
            head = need(peer, 6);
            size_t size = big(head, 4) - 2;
            int context = head[4], control = head[5];
            begin += 6;
            left -= size + 6;
            if (!(control & 1)) {
                skip(peer, size);
                if (control & 2) respond(peer, context, command, length), length = 0;
                continue;
            }
            if (length + size > sizeof command) exit(1);
            memcpy(command + length, need(peer, size), size);
            length += size;
            begin += size;
            if (!(control & 2)) continue;
            for (size_t at = 0; at + 10 <= length; at += 8 + little(command + at + 4, 4))
                if (little(command + at + 2, 2) == 0x0800 && little(command + at + 8, 2) == 0x0101)
                    respond(peer, context, command, length), length = 0;
        }
    }
}

static void copy(int peer, size_t size) {
    for (;;) {
        skip(peer, size);
        say(peer, (const unsigned char *)"", 1);
    }
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("sink");
        return 1;
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int peer = accept(listener, 0, 0);
        if (peer < 0) continue;
        if (fork()) {
            close(peer);
            continue;
        }
        close(listener);
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (count == 3 && !strcmp(words[1], "--copy")) copy(peer, strtoul(words[2], 0, 10));
        dicom(peer);
    }
}
