/* A fleet of devices over one MQTT 3.1.1 connection, as cheap as can be, for benches: packets are written
 * some at a time, for a system call each would cost more than the broker's own work.
 *
 *   publisher publish HOST PORT DEPARTMENT FIRST COUNT RATE SECONDS EPOCHS
 *       devices FIRST .. FIRST+COUNT-1 (b00001 …) of a department publish RATE messages a second
 *       together, QoS 1, each with EPOCHS epochs of RMC + GGA, half a second apart, the last one now;
 *       prints "published N puback M".
 *   publisher subscribe HOST PORT SECONDS
 *       takes everything under gov/ at QoS 1 and throws it away; prints "received N".
 */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD_BYTES 8192
#define INFLIGHT 30000
#define OUT_BYTES (256 * 1024)
#define TICK_MS 5

static long received;

static void on_message(struct mosquitto *m, void *o, const struct mosquitto_message *msg)
{
    (void)m; (void)o; (void)msg;
    received++;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* Appends a sentence with its checksum. */
static char *sentence(char *at, const char *body)
{
    unsigned char sum = 0;
    for (const char *c = body; *c; c++) sum ^= (unsigned char)*c;
    return at + sprintf(at, "$%s*%02X\r\n", body, sum);
}

static char *epoch(char *at, double moment, int device)
{
    char time_[48], date[48], body[256];
    time_t seconds = (time_t)moment;
    int hundredths = (int)((moment - seconds) * 100);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(time_, sizeof time_, "%02d%02d%02d.%02d", utc.tm_hour, utc.tm_min, utc.tm_sec, hundredths);
    snprintf(date, sizeof date, "%02d%02d%02d", utc.tm_mday, utc.tm_mon + 1, utc.tm_year % 100);
    /* Each drives west to east at 15 m/s within the bench's area, and jumps back at its end. */
    double along = (device * 0.618 - (long)(device * 0.618)) * 24.0 + (moment - 1.7e9) * 15.0 / 1713.0;
    double lon_min = 54.0 + along - 24.0 * (long)(along / 24.0);
    double lat_min = 12.0 + (device % 1800) / 100.0;
    int lon_deg = 113 + (int)(lon_min / 60.0);
    lon_min -= 60.0 * (lon_deg - 113);
    snprintf(body, sizeof body, "GNRMC,%s,A,22%07.4f,N,%03d%07.4f,E,29.160,90.00,%s,,,A", time_, lat_min,
             lon_deg, lon_min, date);
    at = sentence(at, body);
    snprintf(body, sizeof body, "GNGGA,%s,22%07.4f,N,%03d%07.4f,E,1,09,0.9,12.0,M,-2.4,M,,", time_, lat_min,
             lon_deg, lon_min);
    return sentence(at, body);
}

/* A fixed header and the length of what follows (MQTT 3.1.1, 2.2). */
static unsigned char *header(unsigned char *at, int kind, int length)
{
    *at++ = (unsigned char)kind;
    do {
        *at++ = (unsigned char)((length & 127) | (length > 127 ? 128 : 0));
        length >>= 7;
    } while (length > 0);
    return at;
}

static unsigned char *text(unsigned char *at, const char *said)
{
    size_t length = strlen(said);
    *at++ = (unsigned char)(length >> 8);
    *at++ = (unsigned char)length;
    memcpy(at, said, length);
    return at + length;
}

static void send_all(int s, const unsigned char *from, const unsigned char *to)
{
    while (from < to) {
        ssize_t n = send(s, from, (size_t)(to - from), 0);
        if (n <= 0) { perror("the broker is gone"); exit(1); }
        from += n;
    }
}

static int connected(const char *host, int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1 || connect(s, (void *)&where, sizeof where) != 0) {
        fprintf(stderr, "no broker at %s:%d\n", host, port);
        exit(1);
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char id[40];
    snprintf(id, sizeof id, "bench-%d-%ld", (int)getpid(), (long)time(NULL));
    unsigned char out[100], answer[4], *at = header(out, 0x10, 12 + (int)strlen(id));
    at = text(at, "MQTT");
    *at++ = 4;            /* 3.1.1 */
    *at++ = 2;            /* clean session */
    *at++ = 0; *at++ = 0; /* no keepalive */
    send_all(s, out, text(at, id));
    if (recv(s, answer, 4, MSG_WAITALL) != 4 || answer[0] != 0x20 || answer[3] != 0) {
        fprintf(stderr, "the broker refuses us\n");
        exit(1);
    }
    return s;
}

/* Counts the PUBACKs that have come; they are all that comes, four bytes each. */
static void count_pubacks(int s, int wait_ms, long *bytes)
{
    struct pollfd readable = {.fd = s, .events = POLLIN};
    unsigned char in[65536];
    for (; poll(&readable, 1, wait_ms) > 0; wait_ms = 0) {
        ssize_t n = recv(s, in, sizeof in, 0);
        if (n <= 0) { perror("the broker is gone"); exit(1); }
        *bytes += n;
    }
}

static int publish(char **argv)
{
    int first = atoi(argv[5]), count = atoi(argv[6]), epochs = atoi(argv[9]);
    double rate = atof(argv[7]), seconds = atof(argv[8]);
    int s = connected(argv[2], atoi(argv[3]));
    static unsigned char out[OUT_BYTES];
    char topic[64], payload[PAYLOAD_BYTES], boot[32];
    snprintf(boot, sizeof boot, "b%ld", (long)time(NULL));
    double start = now_s();
    long sent = 0, bytes = 0;
    while (now_s() - start < seconds) {
        long due = (long)((now_s() - start) * rate);
        unsigned char *at = out;
        for (; sent < due && sent - bytes / 4 < INFLIGHT && at - out < OUT_BYTES - PAYLOAD_BYTES - 200; sent++) {
            int device = first + (int)(sent % count), mid = (int)(sent % 65535) + 1;
            char *end = payload + sprintf(payload, "#%s,%ld\r\n", boot, sent / count + 1);
            double moment = now_s();
            for (int e = epochs - 1; e >= 0; e--) end = epoch(end, moment - 0.5 * e, device);
            int length = (int)(end - payload);
            snprintf(topic, sizeof topic, "gov/1/%s/b%05d/nmea", argv[4], device);
            at = header(at, 0x32, 4 + (int)strlen(topic) + length);
            at = text(at, topic);
            *at++ = (unsigned char)(mid >> 8);
            *at++ = (unsigned char)mid;
            memcpy(at, payload, (size_t)length);
            at += length;
        }
        send_all(s, out, at);
        count_pubacks(s, TICK_MS, &bytes);
    }
    for (int tries = 0; tries < 300 && bytes / 4 < sent; tries++) count_pubacks(s, 100, &bytes);
    printf("published %ld puback %ld\n", sent, bytes / 4);
    close(s);
    return 0;
}

static int subscribe(char **argv)
{
    mosquitto_lib_init();
    struct mosquitto *m = mosquitto_new(NULL, true, NULL);
    mosquitto_message_callback_set(m, on_message);
    if (mosquitto_connect(m, argv[2], atoi(argv[3]), 60) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "no broker at %s:%s\n", argv[2], argv[3]);
        return 1;
    }
    double end = now_s() + atof(argv[4]);
    mosquitto_subscribe(m, NULL, "gov/#", 1);
    while (now_s() < end) mosquitto_loop(m, 50, 1000);
    printf("received %ld\n", received);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 10 && !strcmp(argv[1], "publish")) return publish(argv);
    if (argc == 5 && !strcmp(argv[1], "subscribe")) return subscribe(argv);
    fprintf(stderr, "see the head of publisher.c\n");
    return 2;
}
