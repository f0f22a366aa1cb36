<?php

namespace Laravel\Reverb\Tests;

use Carbon\CarbonImmutable;
use Carbon\CarbonInterval;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Collection;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;
use Illuminate\Support\Facades\View;
use Laravel\Pulse\Contracts\Storage;
use Laravel\Pulse\Events\IsolatedBeat;
use Laravel\Pulse\Pulse;
use Laravel\Pulse\Storage\DatabaseStorage;
use Laravel\Reverb\Application;
use Laravel\Reverb\Events\MessagesCounted;
use Laravel\Reverb\Pulse\Livewire\Messages;
use Laravel\Reverb\Pulse\Recorders\ReverbConnections;
use Laravel\Reverb\Pulse\Recorders\ReverbMessages;
use PHPUnit\Framework\Attributes\DataProvider;

require_once __DIR__.'/Fakes/pulse.php';

class PulseTest extends TestCase
{
    protected const AT = 1_700_000_030;

    protected function setUp(): void
    {
        parent::setUp();

        config([
            'pulse.recorders.'.ReverbMessages::class => ['sample_rate' => 1],
            'reverb.apps.apps' => [['app_id' => '1', 'key' => 'k', 'secret' => 's', 'options' => ['host' => 'here']]],
        ]);
        $this->app->bind(Storage::class, fn () => (new \ReflectionClass(DatabaseStorage::class))->newInstanceWithoutConstructor());
        $this->use('sqlite::memory:');
    }

    /**
     * SQLite, and those of PULSE_DATABASES: URLs of databases that are empty.
     *
     * @return array<string, array<int, string>>
     */
    public static function databases(): array
    {
        $urls = ['sqlite::memory:', ...preg_split('/\s+/', getenv('PULSE_DATABASES') ?: '', -1, PREG_SPLIT_NO_EMPTY)];

        return array_combine(array_map(fn (string $url) => strtok($url, ':'), $urls), array_map(fn (string $url) => [$url], $urls));
    }

    /**
     * With the table as Pulse makes it on each of them.
     */
    protected function use(string $url): void
    {
        $isSqlite = str_starts_with($url, 'sqlite:');

        config([
            'database.connections.pulse' => $isSqlite
                ? ['driver' => 'sqlite', 'database' => ':memory:', 'prefix' => '']
                : ['url' => $url, 'driver' => strtok($url, ':'), 'charset' => str_starts_with($url, 'pgsql') ? 'utf8' : 'utf8mb4', 'prefix' => ''],
            'database.default' => 'pulse',
        ]);

        Schema::dropIfExists('pulse_aggregates');
        Schema::create('pulse_aggregates', function (Blueprint $table) {
            $table->id();
            $table->unsignedInteger('bucket');
            $table->unsignedMediumInteger('period');
            $table->string('type');
            $table->mediumText('key');
            match (DB::connection()->getDriverName()) {
                'mariadb', 'mysql' => $table->char('key_hash', 16)->charset('binary')->virtualAs('unhex(md5(`key`))'),
                'pgsql' => $table->uuid('key_hash')->storedAs('md5("key")::uuid'),
                'sqlite' => $table->string('key_hash'),
            };
            $table->string('aggregate');
            $table->decimal('value', 20, 2);
            $table->unsignedInteger('count')->nullable();
            $table->unique(['bucket', 'period', 'type', 'aggregate', 'key_hash']);
        });
    }

    protected function application(string $id = '1'): Application
    {
        return new Application($id, 'k', 's', 60, 30, ['*'], 10_000);
    }

    protected function tell(int $sent, int $received, int $at = self::AT): void
    {
        $this->app->make(ReverbMessages::class)->record(new MessagesCounted($this->application(), $sent, $received, $at));
    }

    #[DataProvider('databases')]
    public function test_sums_are_added_to_every_period(string $url): void
    {
        $this->use($url);
        $this->tell(200_000, 3);
        $this->tell(5, 0, self::AT + 1);

        $sent = DB::table('pulse_aggregates')->where('type', 'reverb_message:sent')->orderBy('period')->get();
        $this->assertSame([60, 360, 1440, 10080], $sent->pluck('period')->map(intval(...))->all());
        $this->assertSame([200_005, 200_005, 200_005, 200_005], $sent->pluck('value')->map(intval(...))->all());
        $this->assertSame(self::AT - self::AT % 60, (int) $sent[0]->bucket);
        $this->assertSame(['count', '1'], [$sent[0]->aggregate, $sent[0]->key]);
        $this->assertContains($sent[0]->key_hash, [md5('1'), md5('1', binary: true), implode('-', sscanf(md5('1'), '%8s%4s%4s%4s%12s'))]);
        $this->assertSame(3, (int) DB::table('pulse_aggregates')->where(['type' => 'reverb_message:received', 'period' => 60])->value('value'));
    }

    public function test_the_sample_rate_is_what_the_card_divides_by(): void
    {
        config(['pulse.recorders.'.ReverbMessages::class => ['sample_rate' => 0.1]]);
        $this->tell(1000, 0);

        $this->assertSame(100, (int) DB::table('pulse_aggregates')->where('period', 60)->value('value'));
    }

    public function test_without_a_sample_rate_all_is_counted(): void
    {
        config(['pulse.recorders.'.ReverbMessages::class => []]);
        $this->tell(7, 0);

        $this->assertSame(7, (int) DB::table('pulse_aggregates')->where('period', 60)->value('value'));
    }

    public function test_connections_are_asked_for_every_fifteen_seconds(): void
    {
        $asked = [];
        $manager = new class($asked) extends BroadcastManager
        {
            public function __construct(public array &$asked)
            {
                //
            }

            public function pusher(array $config)
            {
                $this->asked[] = $config;

                return new class
                {
                    public function get(string $path): object
                    {
                        return (object) ['connections' => $path === '/connections' ? 42 : 0];
                    }
                };
            }
        };
        $pulse = $this->app->make(Pulse::class);
        $recorder = new ReverbConnections($pulse, $manager, $this->app);

        // A busy machine misses the thirtieth second.
        foreach ([14, 15, 16, 29, 31, 32] as $second) {
            $recorder->record(new IsolatedBeat(CarbonImmutable::create(2026, 1, 1, 0, 0, $second), CarbonInterval::seconds(1)));
        }

        $entries = (fn () => collect($this->entries)->all())->call($pulse);
        $this->assertSame(IsolatedBeat::class, $recorder->listen);
        $this->assertCount(2, $asked);
        $this->assertSame(['host' => 'here'], $asked[0]['options']);
        $this->assertSame([15, 31], array_map(fn ($entry) => CarbonImmutable::createFromTimestamp(
            $entry->timestamp instanceof \DateTimeInterface ? $entry->timestamp->getTimestamp() : $entry->timestamp
        )->second, $entries));
        $this->assertSame(['reverb_connections', '1', 42], [$entries[0]->type, $entries[0]->key, $entries[0]->value]);
    }

    /**
     * Sixty buckets: of a minute, six, twenty-four, and 168.
     */
    public function test_rates_are_a_buckets_count_by_the_unit(): void
    {
        foreach (['1_hour' => ['second', 1.0], '6_hours' => ['minute', 10.0], '24_hours' => ['hour', 150.0], '7_days' => ['day', 514.29]] as $period => [$unit, $rate]) {
            $card = new Messages;
            $card->period = $period;
            $messages = collect(['1' => collect(['reverb_message:sent' => collect(['now' => 60, 'before' => null])])]);
            $rates = (fn (Collection $of) => $this->rates($of))->call($card, $messages);

            $this->assertSame($unit, (fn () => $this->unit())->call($card));
            $this->assertSame(['now' => $rate, 'before' => null], $rates['1']['reverb_message:sent']->all());
        }
    }

    public function test_a_recorder_that_is_not_configured_has_a_sample_rate_all_the_same(): void
    {
        config(['pulse.recorders' => []]);

        $this->assertSame(['sample_rate' => 1], (fn () => $this->recorder(ReverbMessages::class))->call(new Messages));
    }

    public function test_the_views_are_there(): void
    {
        View::addNamespace('reverb', dirname(__DIR__).'/resources/views');

        foreach (['livewire.connections', 'livewire.messages', 'components.icons.reverb'] as $view) {
            $this->assertTrue(View::exists("reverb::{$view}"), $view);
        }
    }
}
