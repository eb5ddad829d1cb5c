/* SPDX-License-Identifier: Apache-2.0 */
/* evt.*: kinds, results, times, and the containers that events happen in. */
#include "tests/unit/fields/asking.h"
#include "vm/given.h"

TEST(a_generic_event_has_the_name_of_its_call)
{
	start();
	event(&world, SK_EVENT_GENERIC_X, 100);
	number(&world, 0, sk_syscall_find("getcwd", 6));
	feed(&world);
	CHECK_ASK(EVT_TYPE, "getcwd");
	CHECK_ASK(SYSCALL_TYPE, "getcwd");
	CHECK_ASK(EVT_ARGS, "");
	CHECK_ASK(EVT_RES, "-");
	CHECK_ASK(EVT_RAWRES, "-");
	CHECK_ASK(EVT_FAILED, "-");
	CHECK_ASK(EVT_CATEGORY, "other");
	/* Old captures have the native number alone. */
	number(&world, 0, 0);
	number(&world, 1, 221);
	feed(&world);
	CHECK_ASK(EVT_TYPE, "fadvise64");
	number(&world, 0, 60000);
	feed(&world);
	CHECK_ASK(EVT_TYPE, "syscall");
}

TEST(a_result_is_the_first_parameter_whatever_its_name)
{
	start();
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 0, 7);
	text(&world, 1, "/x");
	feed(&world);
	CHECK_ASK(EVT_RES, "SUCCESS");
	CHECK_ASK(EVT_RAWRES, "7");
	event(&world, SK_EVENT_SYSCALL_GETUID_X, 100);
	number(&world, 0, 1000);
	feed(&world);
	CHECK_ASK(EVT_RAWRES, "1000");
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	number(&world, 0, -5000);
	feed(&world);
	CHECK_ASK(EVT_RES, "-5000");
	event(&world, SK_EVENT_SCHEDSWITCH_6_E, 100);
	feed(&world);
	CHECK_ASK(EVT_RES, "-");
	CHECK_ASK(SYSCALL_TYPE, "-");
	CHECK_ASK(EVT_TYPE, "switch");
	CHECK_ASK(EVT_CATEGORY, "scheduler");
	CHECK_ASK(EVT_COUNT_EXIT, "-");
	CHECK_ASK(EVT_DIR, ">");
}

/* True if extracting gives what the type alone is said to decide; counts what it decides. */
static bool agrees_with_type(struct sk_field_ref ref, uint16_t type, unsigned *decided)
{
	struct sk_value given;
	bool same;

	if (!sk_given(&ref, type, &given))
		return true;
	++*decided;
	sk_fields_extract(&world.view, &ref, &scratch, &answer);
	same = answer.presence == given.presence;
	if (same && given.presence == SK_PRESENT)
		same = answer.type == given.type &&
		       (given.type == SK_TYPE_STRING ? answer.length == given.length &&
							       memcmp(answer.text, given.text, given.length) == 0
						     : answer.number == given.number);
	if (!same)
		printf("# %s of %s\n", sk_fields[ref.field].name, sk_events[type].id);
	return same;
}

TEST(what_a_type_decides_is_so_for_its_events)
{
	static const enum sk_field parameters[] = {SK_FIELD_EVT_ARG, SK_FIELD_EVT_RAWARG};
	static const char *const names[] = {"res", "path", "fd", "flags", "name", "uid", "nothing", "pat"};
	unsigned decided = 0;

	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		start();
		event(&world, type, 100);
		for (unsigned i = 0; i < sk_events[type].nparams; i++)
			number(&world, i, 1);
		feed(&world);
		for (uint16_t field = 0; field < SK_FIELD_COUNT; field++) {
			if (sk_fields[field].availability == SK_AVAILABILITY_READY && field != SK_FIELD_EVT_ARG &&
			    field != SK_FIELD_EVT_RAWARG)
				CHECK(agrees_with_type(ref_of((enum sk_field)field), type, &decided));
		}
		for (unsigned i = 0; i < 16; i++) {
			struct sk_field_ref ref = ref_of(parameters[i % 2]);

			ref.type = SK_TYPE_STRING;
			ref.kind = SK_ARGUMENT_KIND_TEXT;
			ref.argument = names[i / 2];
			ref.argument_length = (uint32_t)strlen(names[i / 2]);
			CHECK(agrees_with_type(ref, type, &decided));
			ref.field = SK_FIELD_EVT_ARG;
			ref.kind = SK_ARGUMENT_KIND_INDEX;
			ref.argument = NULL;
			ref.index = i;
			CHECK(agrees_with_type(ref, type, &decided));
		}
	}
	printf("# %u values follow from types\n", decided);
	CHECK(decided > 10000);
}

TEST(the_machine_is_named_by_the_variable_or_by_who_captured)
{
	const struct sk_machine_entry machine = {.hostname = "lab"};

	start();
	unsetenv("FALCO_HOSTNAME");
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(EVT_HOSTNAME, "-");
	world.sink.machine(world.sink.context, &machine);
	CHECK_ASK(EVT_HOSTNAME, "lab");
	setenv("FALCO_HOSTNAME", "node7", 1);
	CHECK_ASK(EVT_HOSTNAME, "node7");
	unsetenv("FALCO_HOSTNAME");
}

TEST(the_distance_to_a_time_is_rounded_up)
{
	char time[32];

	start();
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	for (int64_t distance = -1000001; distance <= 1000001; distance++) {
		const int64_t away = distance < 0 ? -distance : distance;

		/* Only near whole milliseconds. */
		if (away > 2 && away < 999999)
			continue;
		snprintf(time, sizeof(time), "%lld", (long long)((int64_t)world.view.event.ts + distance));
		ask_key(SK_FIELD_EVT_AROUND, time);
		CHECK_EQUAL(answer.number, (uint64_t)(away + 999999) / 1000000);
	}
	CHECK_TEXT(ask_key(SK_FIELD_EVT_AROUND, "18446744073709551615"), "16746744073709");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_AROUND, "18446744073709551616"), "-");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_AROUND, ""), "-");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_AROUND, "1x"), "-");
	CHECK_ASK(EVT_AROUND, "-");
}

TEST(opens_say_what_for)
{
	static const struct {
		uint32_t flags, mode;
		const char *shown;
	} cases[] = {{1, 0, "true false false false"},         {2, 0, "false true false false"},
		     {3, 0777, "true true false false"},       {1 | 4, 0644, "true false false false"},
		     {2 | 4, 0755, "false true true false"},   {2 | 1 << 13, 0100, "false true true true"},
		     {1 | 1 << 14, 0, "true false false true"}};

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char shown[64];

		open_event(&world, 100, 3, -100, "/x", cases[i].flags);
		number(&world, 4, cases[i].mode);
		feed(&world);
		snprintf(shown, sizeof(shown), "%s", ask(SK_FIELD_EVT_IS_OPEN_READ));
		snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), " %s",
			 ask(SK_FIELD_EVT_IS_OPEN_WRITE));
		snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), " %s",
			 ask(SK_FIELD_EVT_IS_OPEN_EXEC));
		snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), " %s",
			 ask(SK_FIELD_EVT_IS_OPEN_CREATE));
		CHECK_TEXT(shown, cases[i].shown);
	}
	event(&world, SK_EVENT_SYSCALL_CREAT_X, 100);
	number(&world, 0, 3);
	text(&world, 1, "/x");
	number(&world, 2, 0700);
	feed(&world);
	CHECK_ASK(EVT_IS_OPEN_WRITE, "false");
	CHECK_ASK(EVT_IS_OPEN_EXEC, "true");
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(EVT_IS_OPEN_READ, "false");
}

TEST(what_was_transferred_counts_where_it_went)
{
	start();
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	number(&world, 0, 12);
	number(&world, 2, 1);
	feed(&world);
	CHECK_ASK(EVT_IS_IO_WRITE, "true");
	CHECK_ASK(EVT_IS_IO_READ, "false");
	CHECK_ASK(EVT_IO_DIR, "write");
	CHECK_ASK(EVT_BUFLEN, "12");
	CHECK_ASK(EVT_BUFLEN_OUT, "12");
	CHECK_ASK(EVT_BUFLEN_IN, "-");
	CHECK_ASK(EVT_BUFLEN_FILE_OUT, "12");
	CHECK_ASK(EVT_BUFLEN_NET, "-");
	CHECK_ASK(EVT_IS_SYSLOG, "false");
	number(&world, 0, -9);
	feed(&world);
	CHECK_ASK(EVT_BUFLEN, "-");
	CHECK_ASK(EVT_COUNT_ERROR, "1");
}

TEST(times_in_every_form)
{
	start();
	setenv("TZ", "UTC", 1);
	world.view.first_ts = UINT64_C(1700000000) * SECOND;
	world.now += 2345678;
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(EVT_RAWTIME, "1700000000003345678");
	CHECK_ASK(EVT_RAWTIME_S, "1700000000");
	CHECK_ASK(EVT_RAWTIME_NS, "003345678");
	CHECK_ASK(EVT_RELTIME, "003345678");
	CHECK_ASK(EVT_RELTIME_S, "0");
	CHECK_ASK(EVT_TIME, "22:13:20.003345678");
	CHECK_ASK(EVT_TIME_S, "22:13:20");
	CHECK_ASK(EVT_TIME_ISO8601, "2023-11-14T22:13:20.003345678+0000");
	CHECK_ASK(EVT_DATETIME, "2023-11-14 22:13:20.003345678");
	CHECK_ASK(EVT_DATETIME_S, "2023-11-14 22:13:20");
	CHECK_ASK(EVT_NUM, "1");
	CHECK_ASK(EVT_COUNT, "1");
	CHECK_ASK(EVT_SOURCE, "syscall");
	CHECK_ASK(EVT_IS_ASYNC, "false");
	CHECK_ASK(EVT_ASYNCTYPE, "-");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_TYPE_IS, "access"), "1");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_TYPE_IS, "acces"), "0");
	CHECK_ASK(EVT_LATENCY_HUMAN, "0ns");
}

/* --- containers ---------------------------------------------------------- */

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char metadata[] =
	"{\"container\":{\"id\":\"0123456789ab\",\"full_id\":\"" ID "\",\"name\":\"web\",\"image\":\"lab/web:1\","
	"\"imagerepo\":\"lab/web\",\"imagetag\":\"1\",\"imagedigest\":\"sha256:1\",\"imageid\":\"77\",\"type\":0,"
	"\"privileged\":true,\"labels\":{\"io.kubernetes.pod.name\":\"pod\",\"io.kubernetes.pod.namespace\":\"ns\"}"
	","
	"\"Mounts\":[{\"Source\":\"/proc/1\",\"Destination\":\"/host\",\"Mode\":\"ro\",\"RW\":false,"
	"\"Propagation\":\"private\"},{\"Source\":\"/var/run/docker.sock\",\"Destination\":\"/s\",\"Mode\":\"\","
	"\"RW\":true,\"Propagation\":\"\"}]}}";

TEST(the_host_is_a_container_too)
{
	start();
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(CONTAINER_ID, "host");
	CHECK_ASK(CONTAINER_NAME, "host");
	CHECK_ASK(CONTAINER_FULL_ID, "host");
	CHECK_ASK(CONTAINER_TYPE, "host");
	CHECK_ASK(CONTAINER_PRIVILEGED, "false");
	CHECK_ASK(CONTAINER_IMAGE_REPOSITORY, "-");
	CHECK_EQUAL(answer.presence, SK_MISSING);
	CHECK_ASK(K8S_POD_NAME, "-");
	CHECK_ASK(CONTAINER_MOUNTS, "-");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_DEST, "/"), "-");
}

static void enter_container(void)
{
	exec_event(&world, 100, "/bin/x", "x");
	strings(&world, 14, "cpuset=/docker/" ID "|");
	feed(&world);
}

TEST(a_container_is_its_id_until_metadata_arrives)
{
	start();
	enter_container();
	CHECK_ASK(CONTAINER_ID, "0123456789ab");
	CHECK_ASK(CONTAINER_NAME, "-");
	CHECK_EQUAL(answer.presence, SK_MISSING_PENDING);
	CHECK_ASK(CONTAINER_PRIVILEGED, "-");
	CHECK_EQUAL(answer.presence, SK_MISSING_PENDING);
	CHECK_ASK(K8S_NS_NAME, "-");
	CHECK(sk_containers_update(sk_state_containers(world.state), metadata, sizeof(metadata) - 1));
	enter_container();
	CHECK_ASK(CONTAINER_FULL_ID, ID);
	CHECK_ASK(CONTAINER_NAME, "web");
	CHECK_ASK(CONTAINER_IMAGE, "lab/web:1");
	CHECK_ASK(CONTAINER_IMAGE_REPOSITORY, "lab/web");
	CHECK_ASK(CONTAINER_IMAGE_TAG, "1");
	CHECK_ASK(CONTAINER_IMAGE_DIGEST, "sha256:1");
	CHECK_ASK(CONTAINER_IMAGE_ID, "77");
	CHECK_ASK(CONTAINER_TYPE, "docker");
	CHECK_ASK(CONTAINER_PRIVILEGED, "true");
	CHECK_ASK(K8S_POD_NAME, "pod");
	CHECK_ASK(K8S_NS_NAME, "ns");
	CHECK_ASK(CONTAINER_MOUNTS, "/proc/1:/host:ro:false:private,/var/run/docker.sock:/s::true:");
}

TEST(a_mount_is_picked_by_number_or_by_a_pattern_for_its_source)
{
	start();
	CHECK(sk_containers_update(sk_state_containers(world.state), metadata, sizeof(metadata) - 1));
	enter_container();
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_DEST, "/proc*"), "/host");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_DEST, "/var/run/docker.sock"), "/s");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_DEST, "/"), "-");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_DEST, "*"), "/host");
	CHECK_TEXT(ask_at(SK_FIELD_CONTAINER_MOUNT_DEST, 1), "/s");
	CHECK_TEXT(ask_at(SK_FIELD_CONTAINER_MOUNT_DEST, 2), "-");
}

TEST(a_mount_shows_each_of_its_parts)
{
	start();
	CHECK(sk_containers_update(sk_state_containers(world.state), metadata, sizeof(metadata) - 1));
	enter_container();
	CHECK_TEXT(ask_at(SK_FIELD_CONTAINER_MOUNT, 0), "/proc/1:/host:ro:false:private");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT, "/v*"), "/var/run/docker.sock:/s::true:");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_SOURCE, "/host"), "/proc/1");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_SOURCE, "/proc/1"), "-");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_MODE, "/proc*"), "ro");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_MOUNT_RDWR, "/proc*"), "false");
	CHECK_TEXT(ask_at(SK_FIELD_CONTAINER_MOUNT_PROPAGATION, 0), "private");
	CHECK_TEXT(ask_at(SK_FIELD_CONTAINER_MOUNT_RDWR, 9), "-");
}

#define SANDBOX "fedcba9876543210"

static const char in_pod[] =
	"{\"container\":{\"id\":\"0123456789ab\",\"ip\":\"10.1.2.3\",\"type\":7,\"host_network\":true,"
	"\"pod_sandbox_id\":\"" SANDBOX "\",\"labels\":{\"annotation.x\":\"1\",\"app\":\"shop\","
	"\"io.kubernetes.pod.uid\":\"u-1\",\"tier\":\"back\"},\"pod_sandbox_labels\":{\"own\":\"1\"}}}";
static const char sandbox[] =
	"{\"container\":{\"id\":\"fedcba987654\",\"ip\":\"10.1.2.4\",\"cni_json\":\"{}\",\"type\":7,"
	"\"pod_sandbox_labels\":{\"role\":\"web\"}}}";

TEST(a_pod_speaks_through_its_container_or_its_sandbox)
{
	start();
	CHECK(sk_containers_update(sk_state_containers(world.state), in_pod, sizeof(in_pod) - 1));
	enter_container();
	CHECK_ASK(CONTAINER_TYPE, "containerd");
	CHECK_ASK(CONTAINER_IP, "10.1.2.3");
	CHECK_ASK(CONTAINER_HOST_NETWORK, "true");
	CHECK_ASK(CONTAINER_HOST_PID, "false");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_LABEL, "app"), "shop");
	CHECK_TEXT(ask_key(SK_FIELD_CONTAINER_LABEL, "none"), "-");
	CHECK_ASK(CONTAINER_LABELS, "app:shop, tier:back");
	CHECK_ASK(K8S_POD_UID, "u-1");
	CHECK_ASK(K8S_POD_SANDBOX_ID, "fedcba987654");
	CHECK_ASK(K8S_POD_FULL_SANDBOX_ID, SANDBOX);
	CHECK_ASK(K8S_POD_IP, "10.1.2.3");
	CHECK_ASK(K8S_POD_LABELS, "own:1");
	CHECK(sk_containers_update(sk_state_containers(world.state), sandbox, sizeof(sandbox) - 1));
	enter_container();
	CHECK_ASK(K8S_POD_IP, "10.1.2.4");
	CHECK_ASK(K8S_POD_CNI_JSON, "{}");
	CHECK_TEXT(ask_key(SK_FIELD_K8S_POD_LABEL, "role"), "web");
	CHECK_TEXT(ask_key(SK_FIELD_K8S_POD_LABEL, "own"), "-");
}

TEST(a_container_outside_pods_has_nothing_of_one)
{
	start();
	CHECK(sk_containers_update(sk_state_containers(world.state), metadata, sizeof(metadata) - 1));
	enter_container();
	CHECK_ASK(K8S_POD_SANDBOX_ID, "-");
	CHECK_ASK(K8S_POD_IP, "-");
	CHECK_ASK(K8S_POD_LABELS, "-");
	CHECK_ASK(CONTAINER_DURATION, "-");
	thread(&world, 100)->pidns_init_start_ts = world.now - 9;
	CHECK_ASK(CONTAINER_DURATION, "9");
}

TEST(an_async_event_has_its_own_name)
{
	start();
	event(&world, SK_EVENT_ASYNCEVENT_E, -1);
	text(&world, 1, "container");
	bytes(&world, 2, metadata, sizeof(metadata) - 1);
	feed(&world);
	CHECK_ASK(EVT_TYPE, "container");
	CHECK_ASK(EVT_IS_ASYNC, "true");
	CHECK_ASK(EVT_ASYNCTYPE, "container");
	CHECK_ASK(CONTAINER_NAME, "web");
	CHECK_ASK(CONTAINER_ID, "0123456789ab");
}

TEST(no_field_of_any_empty_event_does_harm)
{
	start();
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (int shorter = 0; shorter < 2; shorter++) {
			event(&world, type, 100);
			if (shorter)
				world.nparams = 0;
			feed(&world);
			for (int field = 0; field < SK_FIELD_COUNT; field++) {
				ask((enum sk_field)field);
				ask_at((enum sk_field)field, 1);
				ask_key((enum sk_field)field, "flags");
			}
			sk_arena_reset(&scratch);
		}
	}
	CHECK(true);
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

static void infrastructure(const char *description)
{
	event(&world, SK_EVENT_INFRASTRUCTURE_EVENT_E, -1);
	text(&world, 0, "docker");
	text(&world, 1, "docker.start");
	text(&world, 2, description);
	feed(&world);
}

TEST(what_agents_of_old_said_of_docker_is_found_in_its_description)
{
	start();
	infrastructure("Event: start; ID: 1234567890abcdef;name :web ; Image:nginx:1.2@sha256:00; Image: other");
	CHECK_ASK(EVT_INFRA_DOCKER_NAME, "start");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_ID, "1234567890ab");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_NAME, "web");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_IMAGE, "nginx");
	infrastructure("Image: nginx@sha256:00");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_IMAGE, "nginx");
	infrastructure("Image: sha256:00");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_IMAGE, "sha256:00");
	infrastructure("Event; ID");
	CHECK_ASK(EVT_INFRA_DOCKER_NAME, "-");
	CHECK_ASK(EVT_INFRA_DOCKER_CONTAINER_ID, "-");
	event(&world, SK_EVENT_SYSCALL_CLOSE_X, 100);
	number(&world, 0, 0);
	feed(&world);
	CHECK_ASK(EVT_INFRA_DOCKER_NAME, "-");
	CHECK_ASK(EVT_PLUGINNAME, "-");
	CHECK_ASK(EVT_PLUGININFO, "-");
	CHECK_TEXT(ask_key(SK_FIELD_STATIC, "site"), "-");
}

TEST_MAIN(RUN(what_agents_of_old_said_of_docker_is_found_in_its_description) RUN(
	a_generic_event_has_the_name_of_its_call) RUN(a_result_is_the_first_parameter_whatever_its_name)
		  RUN(what_a_type_decides_is_so_for_its_events) RUN(
			  the_machine_is_named_by_the_variable_or_by_who_captured)
			  RUN(the_distance_to_a_time_is_rounded_up) RUN(opens_say_what_for) RUN(
				  what_was_transferred_counts_where_it_went) RUN(times_in_every_form)
				  RUN(the_host_is_a_container_too) RUN(a_container_is_its_id_until_metadata_arrives)
					  RUN(a_mount_is_picked_by_number_or_by_a_pattern_for_its_source)
						  RUN(a_mount_shows_each_of_its_parts) RUN(
							  a_pod_speaks_through_its_container_or_its_sandbox)
							  RUN(a_container_outside_pods_has_nothing_of_one)
								  RUN(an_async_event_has_its_own_name)
									  RUN(no_field_of_any_empty_event_does_harm)
										  RUN(done))
