using System.Text;

namespace HipaaFs.Cli.Policies;

/// <summary>A policy file on disk.</summary>
internal static class PolicyFile
{
    /// <summary>The longest that is read, in bytes.</summary>
    public const int MostBytes = 4 << 20; // A policy is written by people; YAML of any size would take memory of any size.

    /// <summary>Loads a policy that nothing is wrong with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="today">The day it is, in UTC.</param>
    /// <exception cref="CommandException">It is not there, cannot be read or is of a newer layout, or something in it is wrong; all that is wrong is listed.</exception>
    public static LoadedPolicy Load(string path, DateOnly today) => Parse(ReadFile(path), path, today);

    /// <summary>Takes the bytes of a policy for one that nothing is wrong with.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <param name="today">The day it is, in UTC.</param>
    /// <exception cref="CommandException">It is of a newer layout, or something in it is wrong; all that is wrong is listed.</exception>
    public static LoadedPolicy Parse(ReadOnlySpan<byte> content, string path, DateOnly today)
    {
        var reading = new PolicyReading();
        string name = Path.GetFileName(path);
        PolicyDocument? document = Decode(content, reading) is { } text ? Read(text, reading, today) : null;
        if (document is not null && reading.Problems.Count == 0)
        {
            return new LoadedPolicy(name, document, reading.Warnings);
        }

        throw new CommandException(
            ExitCode.Configuration,
            $"read the policy {path}: {reading.Problems.Count} {(reading.Problems.Count == 1 ? "problem" : "problems")}",
            "Correct what is listed; docs/policy.md explains every field.")
        {
            Problems = [.. reading.Problems.Select(problem => problem.In(name))],
        };
    }

    /// <summary>Reads and checks the text of a policy; null when nothing of it could be read.</summary>
    /// <exception cref="CommandException">It is of a newer layout.</exception>
    public static PolicyDocument? Read(string text, PolicyReading reading, DateOnly today)
    {
        if (PolicyYaml.Read(text, reading) is not { } root)
        {
            return null;
        }

        if (PolicyReader.FindNewerVersion(root) is { } newer)
        {
            throw new CommandException(
                ExitCode.UnsupportedFormat,
                $"read the policy: layout {newer} is newer than {PolicyDocument.Version}, the newest this version knows",
                "Use a newer version of hipaafs, or write 'version: 1' and what that has.");
        }

        PolicyDocument? document = PolicyReader.Read(reading, root);
        if (document is not null)
        {
            PolicyChecks.Run(document, reading, today);
        }

        return document;
    }

    /// <summary>What a policy says that a volume keeps: it was sound when it was applied, and what has expired since is not asked. Null when this version does not understand it.</summary>
    public static PolicyDocument? ReadKept(ReadOnlySpan<byte> bytes)
    {
        var reading = new PolicyReading();
        return Decode(bytes, reading) is { } text && PolicyYaml.Read(text, reading) is { } root && PolicyReader.FindNewerVersion(root) is null
            ? PolicyReader.Read(reading, root)
            : null;
    }

    /// <summary>The text of a file; null when it is no UTF-8, which is reported.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, PolicyReading reading)
    {
        ReadOnlySpan<byte> mark = Encoding.UTF8.Preamble;
        ReadOnlySpan<byte> text = bytes.StartsWith(mark) ? bytes[mark.Length..] : bytes;
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            ReadOnlySpan<byte> before = text[..Math.Max(0, error.Index)];
            long line = 1 + before.Count((byte)'\n');
            reading.Report(new PolicyPlace(line, before.Length - before.LastIndexOf((byte)'\n')), "no UTF-8");
            return null;
        }
    }

    /// <summary>The bytes of a policy file.</summary>
    /// <exception cref="CommandException">It is not there, cannot be read or is too long.</exception>
    public static byte[] ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes })
            {
                throw new CommandException(
                    ExitCode.Configuration, $"read the policy {path}: it has more than {MostBytes >> 20} MiB", "Give a policy file, as docs/policy.md explains it.");
            }

            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.NotFound, $"read the policy {path}: there is no such file", "Check the path; docs/policy.md explains the file.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Configuration, $"read the policy {path}: {error.Message}", "Give a file that you may read.", error);
        }
    }
}
