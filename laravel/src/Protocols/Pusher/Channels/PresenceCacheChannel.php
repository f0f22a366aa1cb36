<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

class PresenceCacheChannel extends CacheChannel
{
    //
}
