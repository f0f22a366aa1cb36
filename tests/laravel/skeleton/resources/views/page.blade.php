<!doctype html>
<title>Echo</title>
<script src="/pusher.js"></script>
<script src="/echo.js"></script>
<script>
    window.config = {{ Illuminate\Support\Js::from($config) }};
</script>
