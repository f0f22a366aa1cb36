# Completion of reverb for fish. The program itself is asked which commands and options it has.
function __reverb_commands
    set -l program (commandline -opc)[1]
    command $program help 2>/dev/null | string replace -rf '^  ([a-z]+) +(.*)' '$1'\t'$2'
end

function __reverb_options
    set -l words (commandline -opc)
    command $words[1] help $words[2] 2>/dev/null | string match -ar -- '--[a-z][a-z-]*'
end

function __reverb_word
    test (count (commandline -opc)) -eq $argv[1]
end

complete -c reverb -n '__reverb_word 1' -f -a '(__reverb_commands)'
complete -c reverb -n '__reverb_word 2; and contains help (commandline -opc)' -f -a '(__reverb_commands)'
complete -c reverb -n '__reverb_word 2; and contains bench (commandline -opc)' -f -a 'fanout publish connect idle whisper presence channels'
complete -c reverb -n 'not __reverb_word 1; and string match -q -- "-*" (commandline -ct)' -f -a '(__reverb_options)'
