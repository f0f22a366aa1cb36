<!doctype html>
<title>Echo</title>
<script src="/pusher.js"></script>
<script src="/echo.js"></script>
<script>
    window.config = @json(['key' => env('VITE_REVERB_APP_KEY'), 'host' => env('VITE_REVERB_HOST'), 'port' => env('VITE_REVERB_PORT'), 'scheme' => env('VITE_REVERB_SCHEME')]);
</script>
