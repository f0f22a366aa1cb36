<?php

//
