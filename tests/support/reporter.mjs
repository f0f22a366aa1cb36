/* What is worth reading of a run: each failure in full, a line a topic, and how many there were. */

import { inspect } from 'node:util';

function failureText({ error }) {
    if (!error)
        return '    it was skipped, and a skipped test is a failed one';
    const cause = error.cause ?? error;
    const text = typeof cause === 'string' ? cause : cause.stack ?? inspect(cause);
    return text.split('\n').filter((line) => !/ \(?node:/.test(line)).map((line) => `    ${line}`).join('\n');
}

/* `presence: a member is greeted …`, or the path of a file that could not be run to its end. */
const topicOf = (name) => (name.includes('/') && name.endsWith('.js') ? name.replace(/^.*\/|\.test\.js$/g, '') : name.split(':')[0]);

export default async function* reporter(source) {
    const all = { passed: 0, failed: 0 };
    const topics = new Map();
    for await (const { type, data } of source) {
        if (type === 'test:diagnostic' && /^(RSS|median|left out|artisan )/.test(data.message))
            yield `${data.message}\n`;
        if (type !== 'test:pass' && type !== 'test:fail')
            continue;
        const passed = type === 'test:pass' && data.skip === undefined && data.todo === undefined;
        if (passed && data.name.endsWith('.test.js'))
            continue; // a file that holds tests is not one itself
        const topic = topicOf(data.name);
        if (!topics.has(topic))
            topics.set(topic, { passed: 0, failed: 0, ms: 0 });
        const counts = topics.get(topic);
        counts.ms += data.details.duration_ms ?? 0;
        for (const each of [all, counts])
            each[passed ? 'passed' : 'failed']++;
        if (!passed)
            yield `✖ ${data.name}\n${failureText(data.details)}\n`;
    }
    for (const [topic, { passed, failed, ms }] of [...topics].sort())
        yield `${failed ? '✖' : '✔'} ${topic}: ${passed} passed, ${failed} failed in ${(ms / 1000).toFixed(1)} s\n`;
    yield `${all.passed} passed, ${all.failed} failed\n`;
}
