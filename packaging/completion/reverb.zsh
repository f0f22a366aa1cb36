#compdef reverb
# Completion of reverb for zsh. The program itself is asked which commands and options it has.
_reverb() {
    local program=$words[1] previous=$words[CURRENT-1]
    local -a found

    if (( CURRENT == 2 )) || [[ CURRENT -eq 3 && $previous == help ]]; then
        found=(${(f)"$("$program" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1:\2/p')"})
        _describe command found
    elif [[ CURRENT -eq 3 && $previous == bench && $words[CURRENT] != -* ]]; then
        compadd fanout publish connect idle whisper presence channels
    elif [[ $previous == --config || $previous == --env || $words[CURRENT] != -* ]]; then
        _files
    else
        compadd -- ${(f)"$("$program" help "$words[2]" 2>/dev/null | grep -o -e '--[a-z][a-z-]*')"}
    fi
}

_reverb "$@"
