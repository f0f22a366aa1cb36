'use strict';

// What one app makes the clients of another one wait for, beside the loads of which it is known that they
// do: something is large, or a client is busy. The probe of `reverb bench` sends a ping every two milliseconds
// over four connections of an app of its own, and waits for its pong.

const MS = { unit: 'ms', per: 1000 };
const MIB = { unit: 'MiB', per: 1024 * 1024 };

const figure = (what, value, target, { unit, per }) => ({ what, value, of: 'reverb', target, unit, per });
const median = (target) => figure('wait, median', 'wait_us.p50', target, MS);
const worst = (target) => figure('wait, worst', 'wait_us.max', target, MS);

// `args` as one writes them at a command line; a few rounds, as most of them take long to set up.
function wait(name, title, args, ...figures) {
    return {
        name: `wait-${name}`, title, args: args.split(' '), figures, subjects: ['reverb'], hasProbe: true, roundsMax: 3,
    };
}

const herd = (name, count, title, ...figures) =>
    wait(name, title, `herd --connections ${count}`, median(), ...figures,
        figure('memory, at most more', 'server_memory_bytes_more_peak', name === 'herd-3000' ? 40 : undefined, MIB));

const WAITS = [
    wait('churn-300', 'one member comes and goes beside 300', 'churn --members 300 --connections 1 --in-flight 256', median(50), worst(300)),
    wait('churn-1000', 'four members come and go beside 1 000', 'churn --members 1000 --connections 4 --in-flight 256', median(50), worst(300)),
    herd('herd-3000', 3000, '3 000 join a presence channel at one moment', worst(300),
        figure('CPU a join', 'server_cpu_us_per_join', 0.5, MS)),
    herd('herd-10000', 10000, '10 000 join a presence channel at one moment', worst(500),
        figure('CPU a join', 'server_cpu_us_per_join', undefined, MS)),
    wait('fanout-18000', 'fan-out of 9 KB to 18 000, 16 in flight', 'fanout --connections 18000 --size 9000 --in-flight 16', median(), worst(250)),
    wait('fanout-slow', 'the same beside 500 who read nothing', 'fanout --connections 18000 --size 9000 --in-flight 16 --slow 500', median(), worst(250)),
    wait('lists', 'a list of 500 000 channels, one after the other', 'lists --channels 500000', median(), worst(100)),
    wait('lists-20', 'lists of 100 000 channels, twenty at a time', 'lists --channels 100000 --in-flight 20', median(), worst(100)),
    wait('signin', '1 000 sign in at one moment, each with a watchlist of 1 000', 'signin --connections 1000 --watchlist 1000', median(), worst(100),
        figure('CPU a sign-in', 'server_cpu_us_per_signin', undefined, MS),
        figure('memory, at most more', 'server_memory_bytes_more_peak', undefined, MIB)),
];

module.exports = { WAITS };
