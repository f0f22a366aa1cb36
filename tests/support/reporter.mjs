/* What is worth reading of a run: each failure in full, a line a topic, and how many there were.
 * FAILED_TOPICS names a file that is then given the topics that failed, one a line; one that must not be tried
 * again follows a `!`: a sanitizer reported, or the server crashed, and that is never load. */

import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

const CRASH = /CHECK failed|(?:Address|Thread|Leak|UndefinedBehavior|Memory)Sanitizer|runtime error:|SIG(?:SEGV|ABRT|BUS|ILL|FPE)/;

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
    const failed = new Map();
    for await (const { type, data } of source) {
        if (type === 'test:diagnostic' && /^(RSS|median|left out|artisan |composer )/.test(data.message))
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
        if (passed)
            continue;
        const text = failureText(data.details);
        failed.set(topic, failed.get(topic) === '!' || CRASH.test(text) ? '!' : '');
        yield `✖ ${data.name}\n${text}\n`;
    }
    if (process.env.FAILED_TOPICS)
        writeFileSync(process.env.FAILED_TOPICS, [...failed].map(([topic, mark]) => `${mark}${topic}\n`).join(''));
    for (const [topic, { passed, failed, ms }] of [...topics].sort())
        yield `${failed ? '✖' : '✔'} ${topic}: ${passed} passed, ${failed} failed in ${(ms / 1000).toFixed(1)} s\n`;
    yield `${all.passed} passed, ${all.failed} failed\n`;
}
