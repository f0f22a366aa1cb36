#include "config/php.h"

#include "base/mem.h"
#include "config/process.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

/* With Composer's autoloader, env() and the path helpers are Laravel's own, on an application that
 * has not booted. Without it, the script defines the few helpers that such files use. Other
 * configuration files are read when config() needs them. The output of the files is dropped. */
static const char script[] =
    "error_reporting(0);"
    "$reverb = ['done' => false, 'directory' => getcwd()];"
    "register_shutdown_function(function () use (&$reverb) {"
    "    if ($reverb['done']) return;"
    "    $last = error_get_last();"
    "    fwrite(STDERR, PHP_EOL . ($last ? $last['message'] . ' in ' . $last['file'] . ':'"
    "        . $last['line'] : 'the file ended PHP by exit() or die() instead of returning') . "
    "PHP_EOL);"
    "});"
    "ob_start();"
    "try {"
    "    $reverb['load'] = function (string $name) use (&$reverb) {"
    "        $file = $reverb['directory'] . '/config/' . $name . '.php';"
    "        return preg_match('/^[\\w-]+$/', $name) && is_file($file) ? require $file : null;"
    "    };"
    "    if (is_file($reverb['directory'] . '/vendor/autoload.php')) {"
    "        require $reverb['directory'] . '/vendor/autoload.php';"
    "        if (class_exists('Illuminate\\Foundation\\Application')) {"
    "            $application = new Illuminate\\Foundation\\Application($reverb['directory']);"
    "            $repository = new class($reverb['load']) extends Illuminate\\Config\\Repository {"
    "                private $load;"
    "                public function __construct($load) { $this->load = $load; }"
    "                public function get($key, $default = null) {"
    "                    $name = explode('.', (string) (is_array($key) ? '' : $key))[0];"
    "                    if ($name !== '' && !array_key_exists($name, $this->items))"
    "                        $this->items[$name] = ($this->load)($name) ?? [];"
    "                    return parent::get($key, $default);"
    "                }"
    "            };"
    "            $application->instance('config', $repository);"
    "        }"
    "    }"
    "    if (!function_exists('value')) {"
    "        function value($value, ...$arguments) {"
    "            return $value instanceof Closure ? $value(...$arguments) : $value;"
    "        }"
    "    }"
    "    if (!function_exists('env')) {"
    "        function env($key, $default = null) {"
    "            $value = getenv($key);"
    "            if ($value === false) return value($default);"
    "            switch (strtolower($value)) {"
    "                case 'true': case '(true)': return true;"
    "                case 'false': case '(false)': return false;"
    "                case 'empty': case '(empty)': return '';"
    "                case 'null': case '(null)': return null;"
    "            }"
    "            return preg_match('/\\A([\\'\"])(.*)\\1\\z/', $value, $found) ? $found[2] : "
    "$value;"
    "        }"
    "    }"
    "    if (!function_exists('config')) {"
    "        $GLOBALS['reverb_load'] = $reverb['load'];"
    "        function config($key, $default = null) {"
    "            $names = explode('.', $key);"
    "            $value = $GLOBALS['reverb_load'](array_shift($names));"
    "            foreach ($names as $name) {"
    "                if (!is_array($value) || !array_key_exists($name, $value))"
    "                    return value($default);"
    "                $value = $value[$name];"
    "            }"
    "            return $value ?? value($default);"
    "        }"
    "    }"
    "    foreach (['base_path' => '', 'app_path' => '/app', 'config_path' => '/config',"
    "        'database_path' => '/database', 'public_path' => '/public',"
    "        'resource_path' => '/resources', 'storage_path' => '/storage'] as $name => $folder) {"
    "        if (!function_exists($name))"
    "            eval('function ' . $name . '($path = \"\") { return '"
    "                . var_export($reverb['directory'] . $folder, true)"
    "                . ' . ($path === \"\" ? \"\" : \"/\" . ltrim($path, \"/\")); }');"
    "    }"
    "    $result = (static function ($file) { return require $file; })"
    "        ($reverb['directory'] . '/' . $argv[1]);"
    "    if (!is_array($result)) throw new UnexpectedValueException('it returns no array');"
    "    $json = json_encode($result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);"
    "} catch (Throwable $problem) {"
    "    $reverb['done'] = true;"
    "    fwrite(STDERR, PHP_EOL . str_replace([\"\\r\", \"\\n\"], ' ', $problem->getMessage())"
    "        . ' in ' . $problem->getFile() . ':' . $problem->getLine() . PHP_EOL);"
    "    exit(1);"
    "}"
    "while (ob_get_level() > 0) ob_end_clean();"
    "$reverb['done'] = true;"
    "fwrite(STDOUT, $json);";

static bool is_last_of_its_name(const struct config_env *env, size_t index)
{
    return config_env_find(env, env->entries[index].name) == env->entries[index].value;
}

/* The process environment, and the variables of `.env` that it lacks. Release with
 * free_environment(). */
static char **merge_environment(const struct config_env *env)
{
    size_t outer_count = 0;
    size_t count;
    char **merged;

    while (environ[outer_count] != NULL)
        outer_count++;
    merged = mem_new((outer_count + env->count + 1) * sizeof *merged);
    for (count = 0; count < outer_count; count++)
        merged[count] = bytes_copy(bytes_of(environ[count]));
    for (size_t i = 0; i < env->count; i++) {
        const struct config_env_entry *entry = &env->entries[i];
        struct buffer assignment = {0};

        if (entry->value == NULL || getenv(entry->name) != NULL || !is_last_of_its_name(env, i))
            continue;
        buffer_printf(&assignment, "%s=%s", entry->name, entry->value);
        merged[count++] = bytes_copy(buffer_bytes(&assignment));
        buffer_deinit(&assignment);
    }
    return merged;
}

static void free_environment(char **environment)
{
    for (size_t i = 0; environment[i] != NULL; i++)
        free(environment[i]);
    free(environment);
}

/* PHP's message is the last line that is not empty. */
static struct bytes last_line(struct bytes text)
{
    struct bytes last = BYTES("PHP gave no reason");
    struct bytes line;

    while (bytes_next(&text, '\n', &line)) {
        if (bytes_trim(line).len > 0)
            last = bytes_trim(line);
    }
    return last;
}

static bool judge(const struct config_process_result *result, const char *file, int timeout_ms,
                  struct buffer *error)
{
    struct bytes reason;

    if (result->is_timed_out) {
        buffer_printf(error, "%s: PHP took longer than %d s", file, timeout_ms / 1000);
        return false;
    }
    if (result->is_too_long) {
        buffer_printf(error, "%s: it gives more than 4 MiB", file);
        return false;
    }
    if (result->status == 0 && result->out.len > 0)
        return true;
    reason = last_line(buffer_bytes(&result->err));
    buffer_printf(error, "%s: PHP cannot evaluate it: %.*s", file, BYTES_ARGS(reason));
    return false;
}

bool config_php_evaluate(const char *php, const char *file, const struct config_env *env,
                         int timeout_ms, struct buffer *json, struct buffer *error)
{
    char *arguments[] = {(char[]){"php"},
                         (char[]){"-d"},
                         (char[]){"display_errors=0"},
                         (char[]){"-d"},
                         (char[]){"log_errors=0"},
                         (char[]){"-d"},
                         (char[]){"variables_order=EGPCS"},
                         (char[]){"-r"},
                         NULL,
                         (char[]){"--"},
                         NULL,
                         NULL};
    struct config_process_result result;
    char **environment = merge_environment(env);
    char *code = bytes_copy(bytes_of(script));
    char *name = bytes_copy(bytes_of(file));
    int status;
    bool ok = false;

    arguments[8] = code;
    arguments[10] = name;
    status = config_process_run(php, arguments, environment, timeout_ms, &result);
    if (status != 0)
        buffer_printf(error, "%s: %s cannot be started: %s", file, php, strerror(status));
    else
        ok = judge(&result, file, timeout_ms, error);
    if (ok)
        buffer_append_bytes(json, buffer_bytes(&result.out));
    free(code);
    free(name);
    free_environment(environment);
    config_process_result_deinit(&result);
    return ok;
}
