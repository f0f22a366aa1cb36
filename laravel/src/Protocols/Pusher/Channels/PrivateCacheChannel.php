<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

class PrivateCacheChannel extends CacheChannel
{
    //
}
