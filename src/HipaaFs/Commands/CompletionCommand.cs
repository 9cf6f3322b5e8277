using System.CommandLine;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs completion</c>: prints a script that makes a shell complete this command line.</summary>
/// <remarks>The scripts ask the program itself, through the directive <c>[suggest:POSITION]</c>, so they never go out of date.</remarks>
internal static class CompletionCommand
{
    private const string Bash =
        """
        # hipaafs completion for bash: source this file, or put it into /etc/bash_completion.d
        _hipaafs() {
            local line="${COMP_LINE}" IFS=$'\n'
            COMPREPLY=($(compgen -W "$(hipaafs "[suggest:${COMP_POINT}]" "${line}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            if [ ${#COMPREPLY[@]} -eq 0 ]; then
                COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
            fi
        }
        complete -o filenames -F _hipaafs hipaafs
        """;

    private const string Zsh =
        """
        #compdef hipaafs
        # hipaafs completion for zsh: put this file as _hipaafs into a directory of $fpath
        _hipaafs() {
            local -a words_found
            words_found=("${(@f)$(hipaafs "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            compadd -a words_found
            _files
        }
        compdef _hipaafs hipaafs
        """;

    private const string Fish =
        """
        # hipaafs completion for fish: put this file as hipaafs.fish into ~/.config/fish/completions
        complete -c hipaafs -a '(hipaafs "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
        """;

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints a script that completes this command line in a shell.") { shell };
        runner.Handle(command, (parsed, _, _) =>
        {
            runner.Context.Out.WriteLine(parsed.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            });
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
