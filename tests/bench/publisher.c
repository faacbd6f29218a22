/* A fleet of devices over one MQTT connection, as cheap as can be, for benches.
 *
 *   publisher publish HOST PORT FIRST COUNT RATE SECONDS EPOCHS
 *       devices FIRST .. FIRST+COUNT-1 (b00001 …) of department D publish RATE messages a second
 *       together, QoS 1, each with EPOCHS epochs of RMC + GGA, half a second apart, the last one now;
 *       prints "published N puback M".
 *   publisher subscribe HOST PORT SECONDS
 *       takes everything under gov/ at QoS 1 and throws it away; prints "received N".
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAYLOAD_BYTES 8192
#define INFLIGHT 4000

static long pubacks, received;

static void on_publish(struct mosquitto *m, void *o, int mid) { (void)m; (void)o; (void)mid; pubacks++; }

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

static struct mosquitto *connected(const char *host, int port)
{
    char id[40];
    snprintf(id, sizeof id, "bench-%ld-%d", (long)time(NULL), (int)(now_s() * 1e6) % 1000000);
    mosquitto_lib_init();
    struct mosquitto *m = mosquitto_new(id, true, NULL);
    mosquitto_max_inflight_messages_set(m, INFLIGHT);
    mosquitto_publish_callback_set(m, on_publish);
    mosquitto_message_callback_set(m, on_message);
    if (mosquitto_connect(m, host, port, 60) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "no broker at %s:%d\n", host, port);
        exit(1);
    }
    return m;
}

static int publish(char **argv)
{
    int first = atoi(argv[4]), count = atoi(argv[5]), epochs = atoi(argv[8]);
    double rate = atof(argv[6]), seconds = atof(argv[7]);
    struct mosquitto *m = connected(argv[2], atoi(argv[3]));
    mosquitto_loop_start(m);
    char topic[64], payload[PAYLOAD_BYTES], boot[32];
    snprintf(boot, sizeof boot, "b%ld", (long)time(NULL));
    double start = now_s();
    long sent = 0, due;
    while (now_s() - start < seconds) {
        due = (long)((now_s() - start) * rate);
        for (; sent < due; sent++) {
            int device = first + (int)(sent % count);
            char *at = payload + sprintf(payload, "#%s,%ld\r\n", boot, sent / count + 1);
            double moment = now_s();
            for (int e = epochs - 1; e >= 0; e--) at = epoch(at, moment - 0.5 * e, device);
            snprintf(topic, sizeof topic, "gov/1/D/b%05d/nmea", device);
            mosquitto_publish(m, NULL, topic, (int)(at - payload), payload, 1, false);
        }
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, NULL);
    }
    for (int tries = 0; tries < 3000 && pubacks < sent; tries++) {
        struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    printf("published %ld puback %ld\n", sent, pubacks);
    mosquitto_disconnect(m);
    mosquitto_loop_stop(m, false);
    return 0;
}

static int subscribe(char **argv)
{
    struct mosquitto *m = connected(argv[2], atoi(argv[3]));
    double end = now_s() + atof(argv[4]);
    mosquitto_subscribe(m, NULL, "gov/#", 1);
    while (now_s() < end) mosquitto_loop(m, 50, 1000);
    printf("received %ld\n", received);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 9 && !strcmp(argv[1], "publish")) return publish(argv);
    if (argc == 5 && !strcmp(argv[1], "subscribe")) return subscribe(argv);
    fprintf(stderr, "see the head of publisher.c\n");
    return 2;
}
