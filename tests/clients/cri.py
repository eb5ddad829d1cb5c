# SPDX-License-Identifier: Apache-2.0
"""Drives a container runtime over CRI: messages are put together here, the sensor's own gRPC code carries them.

usage: cri.py GRPC_CLIENT SOCKET pod NAME                                            prints the id of its sandbox
                                 container POD_ID POD_NAME NAME IMAGE SOURCE:TARGET COMMAND...        and its own
                                 end POD_ID
"""
import subprocess
import sys

ON_HOST = 2
CLERK = 4321  # user and group of containers


def varint(number):
    out = b''
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(*fields):
    """Of (number, value), where a value is a number, text, bytes, or a dict for a map."""
    out = b''
    for number, value in fields:
        if isinstance(value, dict):
            for k, v in value.items():
                out += message((number, message((1, k), (2, v))))
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def pod_config(name):
    return message((1, message((1, name), (2, 'uid-of-' + name), (3, 'shops'))),
                   (6, {'app': name, 'tier': 'front'}),
                   (8, message((2, message((1, message((1, ON_HOST))))))))


def container_config(name, image, mount, command):
    source, target = mount.split(':')
    return message((1, message((1, name))), (2, message((1, image))), *((3, word) for word in command),
                   (7, message((1, target), (2, source), (3, 1))), (9, {'role': 'till'}),
                   (15, message((2, message((3, message((1, ON_HOST))), (5, message((1, CLERK))),
                                            (12, message((1, CLERK))))))))


def main(client, socket, verb, *words):
    def call(method, question):
        done = subprocess.run([client, socket, '/runtime.v1.RuntimeService/' + method], input=question,
                              stdout=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit(f'{method}: code {done.returncode}')
        return done.stdout

    def id_in(answer):  # which is a message of one short text
        return answer[2:2 + answer[1]].decode()

    if verb == 'pod':
        print(id_in(call('RunPodSandbox', message((1, pod_config(words[0]))))))
    elif verb == 'container':
        pod, pod_name, name, image, mount, *command = words
        id = id_in(call('CreateContainer', message((1, pod), (2, container_config(name, image, mount, command)),
                                                   (3, pod_config(pod_name)))))
        call('StartContainer', message((1, id)))
        print(id)
    elif verb == 'end':
        call('StopPodSandbox', message((1, words[0])))
        call('RemovePodSandbox', message((1, words[0])))


main(*sys.argv[1:])
