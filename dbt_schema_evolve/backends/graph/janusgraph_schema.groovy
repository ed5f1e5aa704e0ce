// Makes what is missing of property keys, labels and indexes; what is there stays as it is.
// An index on a key that is made together with it is usable at once. A key that somebody else
// already uses gets no index from us: building one would read their whole graph.
import java.time.temporal.ChronoUnit
import org.apache.tinkerpop.gremlin.structure.Direction
import org.apache.tinkerpop.gremlin.structure.Vertex
import org.janusgraph.core.Cardinality
import org.janusgraph.core.Multiplicity
import org.janusgraph.core.schema.ConsistencyModifier
import org.janusgraph.core.schema.SchemaStatus
import org.janusgraph.graphdb.database.management.ManagementSystem

types = [str: String.class, int: Long.class, bool: Boolean.class]
store = g.getGraph()
store.tx().rollback()
management = store.openManagement()
made = []
try {
    propertyKeys.each { name, type ->
        if (!management.containsPropertyKey(name)) {
            management.makePropertyKey(name).dataType(types[type]).cardinality(Cardinality.SINGLE).make()
            made << name
        }
    }
    vertexLabels.each { name ->
        if (!management.containsVertexLabel(name)) {
            management.makeVertexLabel(name).make()
        }
    }
    edgeLabels.each { name ->
        if (!management.containsEdgeLabel(name)) {
            label = management.makeEdgeLabel(name).multiplicity(Multiplicity.MULTI).make()
            management.buildEdgeIndex(
                label, 'lineage_' + name, Direction.OUT, management.getPropertyKey('lineage_key'))
        }
    }
    indexes.each { name, isUnique ->
        if (name in made) {
            builder = management.buildIndex('by_' + name, Vertex.class)
                .addKey(management.getPropertyKey(name))
            index = (isUnique ? builder.unique() : builder).buildCompositeIndex()
            if (isUnique) {
                management.setConsistency(index, ConsistencyModifier.LOCK)
            }
        }
    }
    management.commit()
} catch (any) {
    management.rollback()
    throw any
}
['lineage_key', 'lineage_part'].each { name ->
    report = ManagementSystem.awaitGraphIndexStatus(store, 'by_' + name)
        .status(SchemaStatus.ENABLED).timeout(1, ChronoUnit.MINUTES).call()
    if (!report.getSucceeded()) {
        throw new IllegalStateException('the index by_' + name + ' is not enabled after a minute')
    }
}
made
