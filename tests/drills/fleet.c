/* A fleet of well-behaved devices over one MQTT connection, for drills: each keeps what no `ack`
 * has named and sends it again.
 *
 *   fleet HOST PORT [name=value ...]     the names and their defaults are in `settings` below
 *
 * Devices first .. first+count-1 (b00001 ...) of department D publish at QoS 1. What each message
 * holds follows from its device and number (fleet.py says the same), so nothing is stored here:
 * fix k of a device is at base_ms + its offset + k * step_ms, and message n holds the next `epochs`.
 *
 * Each quarter of a second: "at MS sent MESSAGES acked MESSAGES resent MESSAGES".
 * SIGUSR1: nothing new is sent. When all is sent and acknowledged, or SIGTERM: a line a device,
 * "device NUMBER sent N,N,... unacked N,N,... bad N,N,...", ranges as A-B, and the end.
 */
#include <ctype.h>
#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAYLOAD_BYTES 60000
#define SENT 1
#define ACKED 2
#define BAD 4

enum { FIRST, COUNT, FIXES, EPOCHS, STEP_MS, BASE_MS, RATE, BAD_PERMILLE, NOISE_PERMILLE, SKEW,
       NEWEST_FIRST, RESEND_MS, SETTINGS };
static struct { const char *name; long value; } settings[SETTINGS] = {
    {"first", 1}, {"count", 100}, {"fixes", 100}, {"epochs", 1}, {"step_ms", 1000},
    {"base_ms", 0},         /* 0: now */
    {"rate", 0},            /* messages a second of all; 0: each when its last fix is due */
    {"bad_permille", 0},    /* so many messages have wrong checksums */
    {"noise_permille", 0},  /* so many messages of random bytes besides */
    {"skew", 0},            /* 1: the second quarter is an hour ahead, the third an hour behind */
    {"newest_first", 0}, {"resend_ms", 8000},
};
#define S(name) (settings[name].value)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char *state;   /* by device and number */
static long long *due_again;   /* ms, likewise */
static long messages, sent_count, acked_count, resent_count, noise_count;
static char boot[32];
static volatile sig_atomic_t quiet, ended, connected;

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void hear(int number) { if (number == SIGUSR1) quiet = 1; else ended = 1; }

static char *sentence(char *at, const char *body, int wrong)
{
    unsigned char sum = wrong ? 0x55 : 0;
    for (const char *c = body; *c; c++) sum ^= (unsigned char)*c;
    return at + sprintf(at, "$%s*%02X\r\n", body, sum);
}

/* RMC and GGA. Each device swings over the parallel 22.30 N, 130 m to either side, in 8 s. */
static char *epoch(char *at, long long ms, int device, int wrong)
{
    char clock_[48], date[48], body[256];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(clock_, sizeof clock_, "%02d%02d%02d.%03d", utc.tm_hour, utc.tm_min, utc.tm_sec,
             (int)(ms % 1000));
    snprintf(date, sizeof date, "%02d%02d%02d", utc.tm_mday, utc.tm_mon + 1, utc.tm_year % 100);
    double phase = (double)((ms + device * 97LL) % 8000) / 8000.0;
    double swing = 4 * (phase > 0.5 ? phase - 0.5 : 0.5 - phase) - 1;
    double lat_min = 18.0 + 0.072 * swing;
    snprintf(body, sizeof body, "GNRMC,%s,A,22%08.5f,N,11406.30000,E,58.3,0.0,%s,,,A", clock_,
             lat_min, date);
    at = sentence(at, body, wrong);
    snprintf(body, sizeof body, "GNGGA,%s,22%08.5f,N,11406.30000,E,1,09,0.9,5.0,M,-2.4,M,,", clock_,
             lat_min);
    return sentence(at, body, wrong);
}

static long long fix_ms(int device, long k)
{
    long long skew = 0;
    if (S(SKEW) && k * 4 / S(FIXES) == 1) skew = 3600000;
    if (S(SKEW) && k * 4 / S(FIXES) == 2) skew = -3600000;
    long offset = (device - S(FIRST)) * S(STEP_MS) / S(COUNT);
    return S(BASE_MS) + offset + k * S(STEP_MS) + skew;
}

static int is_bad(int device, long number)
{
    return (device * 7919L + number * 104729L) % 1000 < S(BAD_PERMILLE);
}

static void offer(struct mosquitto *m, int device, long number)
{
    char topic[64], payload[PAYLOAD_BYTES];
    char *at = payload + sprintf(payload, "#%s,%ld\r\n", boot, number);
    long last = number * S(EPOCHS) < S(FIXES) ? number * S(EPOCHS) : S(FIXES);
    for (long k = (number - 1) * S(EPOCHS); k < last; k++)
        at = epoch(at, fix_ms(device, k), device, is_bad(device, number));
    snprintf(topic, sizeof topic, "gov/1/D/b%05d/nmea", device);
    mosquitto_publish(m, NULL, topic, (int)(at - payload), payload, 1, false);
    long place = (device - S(FIRST)) * (messages + 1) + number;
    pthread_mutex_lock(&lock);
    if (state[place] & SENT) resent_count++; else { state[place] |= SENT; sent_count++; }
    due_again[place] = now_ms() + S(RESEND_MS);
    pthread_mutex_unlock(&lock);
    if (rand() % 1000 < S(NOISE_PERMILLE)) {
        unsigned char noise[120];
        int length = 20 + rand() % 100;
        /* One piece of noise: nothing in it ends a line or begins a sentence. */
        for (int i = 0; i < length; i++) do noise[i] = (unsigned char)rand();
            while (strchr("\r\n$!\\#", noise[i]));
        mosquitto_publish(m, NULL, topic, length, noise, 1, false);
        noise_count++;
    }
}

static void settle(int device, long number, int as)
{
    if (number < 1 || number > messages) return;
    unsigned char *it = &state[(device - S(FIRST)) * (messages + 1) + number];
    if (as == ACKED && !(*it & ACKED)) acked_count++;
    *it |= as;
}

/* {"boot":"b7","upto":12,"also":[[14,20]],"bad":[7]} */
static void on_message(struct mosquitto *m, void *o, const struct mosquitto_message *msg)
{
    (void)m; (void)o;
    static char text[1 << 20];
    int device = 0;
    if (msg->payloadlen >= (int)sizeof text) return;
    memcpy(text, msg->payload, msg->payloadlen);
    text[msg->payloadlen] = 0;
    if (sscanf(msg->topic, "gov/1/D/b%d/ack", &device) != 1) return;
    if (device < S(FIRST) || device >= S(FIRST) + S(COUNT) || !strstr(text, boot)) return;
    char *upto = strstr(text, "\"upto\":"), *also = strstr(text, "\"also\":"),
         *bad = strstr(text, "\"bad\":");
    pthread_mutex_lock(&lock);
    for (long n = upto ? atol(upto + 7) : 0; n > 0; n--) settle(device, n, ACKED);
    for (char *c = also ? also + 8 : ""; *c == '[' || *c == ',' || *c == ' '; ) {
        if (*c != '[') { c++; continue; }
        char *end;
        long a = strtol(c + 1, &end, 10);
        while (*end == ',' || *end == ' ') end++;
        long b = strtol(end, &end, 10);
        for (; a <= b; a++) settle(device, a, ACKED);
        c = end + 1;
    }
    for (char *c = bad ? bad + 7 : ""; *c && *c != ']'; )
        if (isdigit((unsigned char)*c)) settle(device, strtol(c, &c, 10), BAD); else c++;
    pthread_mutex_unlock(&lock);
}

static void on_connect(struct mosquitto *m, void *o, int rc)
{
    (void)o;
    if (rc) return;
    mosquitto_subscribe(m, NULL, "gov/1/D/+/ack", 0);
    connected = 1;
}

static void on_disconnect(struct mosquitto *m, void *o, int rc) { (void)m; (void)o; (void)rc; connected = 0; }

/* What is overdue, oldest first, at most so many a call: a backlog must not drown what is new. */
static void send_again(struct mosquitto *m, int most)
{
    for (int d = 0; d < S(COUNT) && most; d++)
        for (long n = 1; n <= messages && most; n++) {
            long place = d * (messages + 1) + n;
            if ((state[place] & (SENT | ACKED)) == SENT && due_again[place] <= now_ms()) {
                offer(m, S(FIRST) + d, n);
                most--;
            }
        }
}

static void list(const char *name, int device, int mask, int want)
{
    char between = ' ';
    printf(" %s", name);
    for (long n = 1; n <= messages; n++) {
        unsigned char *row = &state[(device - S(FIRST)) * (messages + 1)];
        if ((row[n] & mask) != want) continue;
        long a = n;
        while (n < messages && (row[n + 1] & mask) == want) n++;
        printf("%c%ld-%ld", between, a, n);
        between = ',';
    }
    if (between == ' ') printf(" -");
}

static int send_due(struct mosquitto *m, long long start)
{
    static long next;  /* of count * messages, in the order in which they are due */
    long total = messages * S(COUNT);
    while (next < total && connected && !quiet && !ended) {
        int device = (int)(S(FIRST) + next % S(COUNT));
        long number = next / S(COUNT) + 1, last = number * S(EPOCHS) < S(FIXES) ? number * S(EPOCHS) : S(FIXES);
        long long offset = (device - S(FIRST)) * S(STEP_MS) / S(COUNT);
        long long due = S(RATE) ? start + next * 1000LL / S(RATE) : S(BASE_MS) + offset + (last - 1) * S(STEP_MS);
        if (due > now_ms()) break;
        offer(m, device, S(NEWEST_FIRST) ? messages + 1 - number : number);
        next++;
    }
    return next < total && !quiet;
}

static int run(const char *host, int port)
{
    char id[40];
    long long start = now_ms(), told = 0, looked = 0;
    snprintf(boot, sizeof boot, "b%lld", start);
    snprintf(id, sizeof id, "fleet-%lld-%ld", start, S(FIRST));
    if (!S(BASE_MS)) S(BASE_MS) = start;
    messages = (S(FIXES) + S(EPOCHS) - 1) / S(EPOCHS);
    state = calloc(S(COUNT) * (messages + 1), 1);
    due_again = calloc(S(COUNT) * (messages + 1), sizeof *due_again);
    mosquitto_lib_init();
    struct mosquitto *m = mosquitto_new(id, true, NULL);
    mosquitto_max_inflight_messages_set(m, 4000);
    mosquitto_reconnect_delay_set(m, 1, 1, false);
    mosquitto_connect_callback_set(m, on_connect);
    mosquitto_disconnect_callback_set(m, on_disconnect);
    mosquitto_message_callback_set(m, on_message);
    if (mosquitto_connect(m, host, port, 60) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "no broker at %s:%d\n", host, port);
        return 1;
    }
    mosquitto_loop_start(m);
    printf("boot %s base_ms %ld\n", boot, S(BASE_MS));
    int more = 1;
    while (!ended && (more || acked_count < sent_count)) {
        more = send_due(m, start);
        long long now = now_ms();
        if (now - told >= 250) {
            printf("at %lld sent %ld acked %ld resent %ld\n", now, sent_count, acked_count, resent_count);
            fflush(stdout);
            told = now;
        }
        if (now - looked >= 500 && connected) { send_again(m, 500); looked = now; }
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    printf("at %lld sent %ld acked %ld resent %ld\n", now_ms(), sent_count, acked_count, resent_count);
    printf("noise %ld\n", noise_count);
    for (int d = 0; d < S(COUNT); d++) {
        printf("device %ld", S(FIRST) + d);
        list("sent", S(FIRST) + d, SENT, SENT);
        list("unacked", S(FIRST) + d, SENT | ACKED, SENT);
        list("bad", S(FIRST) + d, BAD, BAD);
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 3; i < argc; i++) {
        int known = 0;
        for (int s = 0; s < SETTINGS; s++) {
            size_t length = strlen(settings[s].name);
            if (strncmp(argv[i], settings[s].name, length) || argv[i][length] != '=') continue;
            settings[s].value = atol(argv[i] + length + 1);
            known = 1;
        }
        if (!known) { fprintf(stderr, "what is %s? See the head of fleet.c\n", argv[i]); return 2; }
    }
    if (argc < 3) { fprintf(stderr, "see the head of fleet.c\n"); return 2; }
    signal(SIGUSR1, hear);
    signal(SIGTERM, hear);
    return run(argv[1], atoi(argv[2]));
}
