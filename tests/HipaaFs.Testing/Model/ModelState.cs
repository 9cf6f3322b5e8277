using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

namespace HipaaFs.Testing.Model;

/// <summary>All inodes of the model at one moment; never changed, only replaced.</summary>
public sealed record ModelState(ImmutableDictionary<int, ModelNode> Nodes)
{
    public const int Root = 1;

    public static ModelState Empty { get; } = new(
        ImmutableDictionary<int, ModelNode>.Empty.Add(Root, new ModelNode(ModelKind.Directory, 0) { Links = 2 }));

    public ModelNode this[int id] => Nodes[id];

    public ModelState Set(int id, ModelNode node) => new(Nodes.SetItem(id, node));

    public ModelState Without(int id) => new(Nodes.Remove(id));

    /// <summary>The inode that a path leads to, 0 when an error says why none.</summary>
    public int Find(string path, out ModelErrno error)
    {
        int at = Root;
        error = ModelErrno.None;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            ModelNode node = Nodes[at];
            if (node.Kind != ModelKind.Directory)
            {
                // Links of the model lead nowhere.
                error = node.Kind == ModelKind.SymbolicLink ? ModelErrno.NoEntry : ModelErrno.NotADirectory;
                return 0;
            }

            if (!node.Entries.TryGetValue(name, out at))
            {
                error = ModelErrno.NoEntry;
                return 0;
            }
        }

        return at;
    }

    /// <summary>Every path with its inode, parents before children.</summary>
    public List<(string Path, int Id)> Paths()
    {
        var paths = new List<(string Path, int Id)>();
        Add(string.Empty, Root, paths);
        return paths;
    }

    /// <summary>Names, links and attributes in text: one line for each path.</summary>
    public List<string> Describe()
    {
        var first = new Dictionary<int, string>();
        return Paths().ConvertAll(item =>
        {
            ModelNode node = Nodes[item.Id];
            first.TryAdd(item.Id, item.Path);
            return Line(item.Path, first[item.Id], node.Kind, node.Mode, (node.Owner, node.Group), node.Links, node.Target, node.Xattrs);
        });
    }

    /// <summary>The same of what a target shows.</summary>
    public static List<string> Describe(List<ObservedNode> observed)
    {
        var first = new Dictionary<ulong, string>();
        return observed.ConvertAll(node =>
        {
            first.TryAdd(node.Inode, node.Path);
            return Line(node.Path, first[node.Inode], node.Kind, node.Mode, (node.Owner, node.Group), node.Links, node.Target, node.Xattrs);
        });
    }

    private static string Line(
        string path, string same, ModelKind kind, uint mode, (uint User, uint Group) owner, int links, string target, IEnumerable<KeyValuePair<string, byte[]>> xattrs)
    {
        string attributes = string.Join(',', xattrs.Select(pair => $"{pair.Key}={Convert.ToHexString(SHA256.HashData(pair.Value))[..8]}"));
        return string.Create(
            CultureInfo.InvariantCulture, $"{path} is {same} {kind} {Convert.ToString(mode, 8)} {owner.User}:{owner.Group} links {links} {target} [{attributes}]");
    }

    private void Add(string path, int directory, List<(string Path, int Id)> paths)
    {
        foreach ((string name, int id) in Nodes[directory].Entries)
        {
            string here = path + "/" + name;
            paths.Add((here, id));
            if (Nodes[id].Kind == ModelKind.Directory)
            {
                Add(here, id, paths);
            }
        }
    }
}
